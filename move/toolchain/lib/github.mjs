// The framework's sources from GitHub: the compiler package's own fetcher (one tree from the API, then raw files).
// K3S_DAAS_GITHUB_API and K3S_DAAS_GITHUB_RAW replace the two hosts by mirrors that answer alike.
import { ToolchainError } from './errors.mjs';

const HOSTS = [
  ['https://api.github.com', 'K3S_DAAS_GITHUB_API'],
  ['https://raw.githubusercontent.com', 'K3S_DAAS_GITHUB_RAW'],
];
const DEADLINE_MS = 60_000;

/** The address under the mirror of its host, where one is named. */
export function mirrored(url, environment = process.env) {
  for (const [host, name] of HOSTS) {
    if (environment[name] && url.startsWith(`${host}/`)) return environment[name] + url.slice(host.length);
  }
  return url;
}

/** A fetcher for the compiler that reads git dependencies from GitHub; GITHUB_TOKEN, where set, raises its limits. */
export function githubFetcher(builder) {
  const direct = globalThis.fetch;
  // The package's fetcher has no setting for hosts or deadlines: both are put in here, for this process only.
  globalThis.fetch = (url, init) => direct(mirrored(String(url)), { ...init, signal: AbortSignal.timeout(DEADLINE_MS) });
  return new (class extends builder.GitHubMovePackageFetcher {
    async fetch(url, rev, subdir) {
      try {
        return await super.fetch(url, rev, subdir);
      } catch (error) {
        throw new ToolchainError(
          `the framework sources cannot be fetched from GitHub: ${error.cause?.code ?? error.message}`,
          'install cargo (https://rustup.rs), so that the pinned crate brings them, or set K3S_DAAS_FRAMEWORK_SOURCES',
        );
      }
    }
  })(process.env.GITHUB_TOKEN);
}
