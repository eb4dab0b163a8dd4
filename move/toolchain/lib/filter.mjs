// A filter for a test runner that has none: tests whose `module::name` does not hold the text stay compiled as helpers.
const MODULE = /^module\s+\w+::(\w+)/m;
const TEST = /#\[test\b[^\]]*(?:\[[^\]]*\][^\]]*)*\](\s*(?:#\[[^\]]*\]\s*)*)((?:public\s*(?:\(package\)\s*)?)?(?:entry\s+)?fun\s+(\w+))/g;

/**
 * @param {Record<string, string>} files a package's files by path
 * @param {string} filter text that the names of the wanted tests hold
 * @returns {Record<string, string>}
 */
export function keepTests(files, filter) {
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => {
      if (!name.endsWith('.move')) return [name, text];
      const module = MODULE.exec(text)?.[1] ?? '';
      const kept = text.replace(TEST, (whole, between, head, test) =>
        `${module}::${test}`.includes(filter) ? whole : `#[test_only, allow(unused_function)] ${head}`,
      );
      return [name, kept];
    }),
  );
}
