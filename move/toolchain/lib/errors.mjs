// Errors of the toolchain: each says what happened and what to do next; no stack is shown for them.

/** A failure that the person at the keyboard can act on. */
export class ToolchainError extends Error {
  /**
   * @param {string} what what happened
   * @param {string} [next] what to do about it, where the first part does not say it
   */
  constructor(what, next) {
    super(next ? `${what}\n  next: ${next}` : what);
    this.name = 'ToolchainError';
  }
}

/** Runs a command's main function; prints a ToolchainError plainly and exits 1. */
export async function run(main) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof ToolchainError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
