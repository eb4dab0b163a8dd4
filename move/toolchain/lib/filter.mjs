// A filter for a test runner that has none: tests that are not wanted are left out of what is compiled.
const MODULE = /^module\s+\w+::(\w+)/m;
const TEST = /#\[test\b[^\]]*(?:\[[^\]]*\][^\]]*)*\]\s*(?:#\[[^\]]*\]\s*)*(?:public\s*(?:\(package\)\s*)?)?(?:entry\s+)?fun\s+(\w+)/g;
const COMMENT_OR_STRING = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\])*"/g;

/**
 * @param {Record<string, string>} files a package's files by path
 * @param {(name: string, head: string) => boolean} wanted decides by `module::name` and the text up to that name
 * @returns {Record<string, string>}
 */
export function keepTests(files, wanted) {
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => [name, name.endsWith('.move') ? keepIn(text, wanted) : text]),
  );
}

function keepIn(text, wanted) {
  // Of the same length: neither words nor braces of comments and strings count.
  const bare = text.replace(COMMENT_OR_STRING, (part) => ' '.repeat(part.length));
  const module = MODULE.exec(bare)?.[1] ?? '';
  let kept = '';
  let from = 0;
  for (const { 0: head, 1: test, index } of bare.matchAll(TEST)) {
    if (wanted(`${module}::${test}`, head)) continue;
    kept += text.slice(from, index);
    from = bodyEnd(bare, index + head.length);
  }
  return kept + text.slice(from);
}

/** Where the block that begins next has ended. */
function bodyEnd(text, start) {
  let depth = 0;
  for (let at = text.indexOf('{', start); at >= 0 && at < text.length; at++) {
    if (text[at] === '{') depth++;
    if (text[at] === '}' && --depth === 0) return at + 1;
  }
  return text.length;
}
