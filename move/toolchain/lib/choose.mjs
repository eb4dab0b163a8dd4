// Which compiler does the work: a `sui` binary on PATH where there is one, else the WASM build.
import * as suiCli from './sui_cli.mjs';
import * as wasm from './wasm.mjs';

/** The compiler to use: `{name, build(files, dir), test(files, dir, filter)}`. K3S_DAAS_MOVE_COMPILER=wasm|sui forces one. */
export function chooseCompiler() {
  const forced = process.env.K3S_DAAS_MOVE_COMPILER;
  const binary = forced === 'wasm' ? null : suiCli.find(forced === 'sui');
  if (!binary) return { name: 'the WASM compiler', build: wasm.build, test: wasm.test };
  return {
    name: binary,
    build: (_files, dir) => suiCli.build(binary, dir),
    test: (_files, dir, filter) => suiCli.test(binary, dir, filter),
  };
}
