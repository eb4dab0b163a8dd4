// Counts in the output of the Move unit-test runner, whose lines are `[ PASS    ] name` and `[ FAIL    ] name`.

/** @param {string} output @returns {{passed: number, failed: number}} */
export function count(output) {
  const lines = output.split('\n');
  return {
    passed: lines.filter((line) => /^\[ PASS\s*\]/.test(line)).length,
    failed: lines.filter((line) => /^\[ (FAIL|TIMEOUT)\s*\]/.test(line)).length,
  };
}
