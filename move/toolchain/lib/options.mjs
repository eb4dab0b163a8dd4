// Command-line options: `--name value` pairs only; anything else is a usage error.
import { parseArgs } from 'node:util';
import { ToolchainError } from './errors.mjs';

/**
 * Reads options and refuses unknown or missing ones.
 * @param {string[]} argv arguments after the script's name
 * @param {{required: string[], optional?: string[]}} names option names
 * @param {string} usage one line shown on a mistake
 * @returns {Record<string, string>}
 */
export function readOptions(argv, names, usage) {
  const known = [...names.required, ...(names.optional ?? [])];
  let values;
  try {
    ({ values } = parseArgs({ args: argv, options: Object.fromEntries(known.map((n) => [n, { type: 'string' }])) }));
  } catch (error) {
    throw new ToolchainError(error.message, `usage: ${usage}`);
  }
  for (const name of names.required) {
    if (values[name] === undefined) throw new ToolchainError(`option --${name} is missing`, `usage: ${usage}`);
  }
  return values;
}
