// A filter for a test runner that has none: tests that are not wanted stay compiled as helpers.
const MODULE = /^module\s+\w+::(\w+)/m;
const TEST = /#\[test\b[^\]]*(?:\[[^\]]*\][^\]]*)*\](\s*(?:#\[[^\]]*\]\s*)*)((?:public\s*(?:\(package\)\s*)?)?(?:entry\s+)?fun\s+(\w+))/g;

/**
 * @param {Record<string, string>} files a package's files by path
 * @param {(name: string, attributes: string) => boolean} wanted decides by `module::name` and the text before `fun`
 * @returns {Record<string, string>}
 */
export function keepTests(files, wanted) {
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => {
      if (!name.endsWith('.move')) return [name, text];
      const module = MODULE.exec(text)?.[1] ?? '';
      const kept = text.replace(TEST, (whole, _between, head, test) =>
        wanted(`${module}::${test}`, whole.slice(0, -head.length)) ? whole : `#[test_only, allow(unused_function)] ${head}`,
      );
      return [name, kept];
    }),
  );
}
