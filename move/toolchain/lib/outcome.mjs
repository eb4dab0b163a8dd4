// Counts in the output of the Move unit-test runner, whose lines are `[ PASS    ] name` and `[ FAIL    ] name`.

const COLOUR = /\x1b\[[0-9;]*m/g;

/** The runner's output without colours: it is read by programs and kept in logs. */
export function plain(output) {
  return output.replace(COLOUR, '');
}

/** @param {string} output plain output @returns {{passed: number, failed: number}} */
export function count(output) {
  const lines = output.split('\n');
  return {
    passed: lines.filter((line) => /^\[ PASS\s*\]/.test(line)).length,
    failed: lines.filter((line) => /^\[ (FAIL|TIMEOUT)\s*\]/.test(line)).length,
  };
}

/** The names of the tests that failed. @param {string} output plain output @returns {string[]} */
export function failures(output) {
  return [...output.matchAll(/^\[ (?:FAIL|TIMEOUT)\s*\] (\S+)/gm)].map(([, name]) => name);
}
