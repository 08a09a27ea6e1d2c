/**
 * Reads a node's configuration from YAML.
 *
 * Reading reports every problem of a file at once, each with line and column, so that one look is
 * enough to repair it. Nothing in a value is expanded (`${HOME}` stays as it is written): what the
 * file says is what the node does. Relative paths are relative to the file's folder.
 *
 * @module
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  type Document,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  parseDocument,
  stringify,
} from 'yaml';
import { KedgeError } from '../core/errors.ts';
import type { NodeConfig } from './config.ts';
import { type ConfigProblem, findProblems } from './config-rules.ts';

/** A node's configuration file is small; more than this is a mistake. */
const CONFIG_MAX_BYTES = 1024 * 1024;

/** Reads a configuration file. Errors: `CONFIG` with every problem of the file. */
export async function loadNodeConfig(file: string): Promise<NodeConfig> {
  const path = resolve(file);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new KedgeError('CONFIG', `cannot read the configuration ${path}: ${hintOf(cause)}`, {
      cause,
      detail: { file: path },
    });
  }
  return parseNodeConfig(text, path);
}

/** Parses the text of a configuration file; `file` places relative paths and names messages. */
export function parseNodeConfig(text: string, file: string): NodeConfig {
  if (text.length > CONFIG_MAX_BYTES) {
    throw new KedgeError('CONFIG', `${file} has more than ${String(CONFIG_MAX_BYTES)} bytes`);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version: '1.2', uniqueKeys: true });
  const broken = document.errors.map(({ message, pos }) => {
    const { line, col } = lines.linePos(pos[0]);
    const reason = message.split('\n')[0]?.replace(/ at line \d+, column \d+:$/, '') ?? message;
    return `${file}:${String(line)}:${String(col)}: not YAML: ${reason}`;
  });
  if (broken.length > 0) throw new KedgeError('CONFIG', broken.join('\n'), { detail: { file } });
  const checked = findProblems(plainValue(document, file));
  if (checked.kind === 'problems') throw problemsError(checked.problems, document, lines, file);
  return placePaths(checked.config, dirname(resolve(file)));
}

/** The YAML of a configuration with its defaults filled in, for `kedge node config`. */
export function effectiveConfig(config: NodeConfig): string {
  return stringify(config, { lineWidth: 100 });
}

function plainValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 20 });
  } catch (cause) {
    throw new KedgeError('CONFIG', `${file}: too many YAML aliases; write the values out`, {
      cause,
    });
  }
}

function problemsError(
  problems: readonly ConfigProblem[],
  document: Document,
  lines: LineCounter,
  file: string,
): KedgeError {
  const texts = problems.map((problem) => {
    const place = placeOf(problem, document, lines);
    const key = problem.path.join('.');
    return `${file}${place}: ${key === '' ? '' : `${key}: `}${problem.message}`;
  });
  return new KedgeError('CONFIG', texts.join('\n'), {
    detail: { file, keys: problems.map((problem) => problem.path.join('.')) },
  });
}

/** `:line:column` of the key, or of the nearest thing around it that the file contains. */
function placeOf(problem: ConfigProblem, document: Document, lines: LineCounter): string {
  for (let length = problem.path.length; length > 0; length -= 1) {
    const offset = offsetOf(document, problem.path.slice(0, length));
    if (offset === undefined) continue;
    const { line, col } = lines.linePos(offset);
    return `:${String(line)}:${String(col)}`;
  }
  return '';
}

function offsetOf(document: Document, path: readonly (string | number)[]): number | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && key.value === last);
    if (pair !== undefined && isScalar(pair.key)) return pair.key.range?.[0];
  }
  const node = document.getIn(path, true);
  return isNode(node) ? node.range?.[0] : undefined;
}

function placePaths(config: NodeConfig, folder: string): NodeConfig {
  const { firstCharterFile: charter, region, tls } = config;
  const { bootFile } = config.store;
  return {
    ...config,
    ...(charter === undefined ? {} : { firstCharterFile: resolve(folder, charter) }),
    store: {
      ...config.store,
      path: resolve(folder, config.store.path),
      ...(bootFile !== undefined && { bootFile: resolve(folder, bootFile) }),
    },
    ...(region === undefined ? {} : { region: { keyFile: resolve(folder, region.keyFile) } }),
    ...(tls === undefined
      ? {}
      : {
          tls: {
            ...tls,
            certFile: resolve(folder, tls.certFile),
            keyFile: resolve(folder, tls.keyFile),
            caFile: resolve(folder, tls.caFile),
          },
        }),
  };
}

function hintOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code === 'ENOENT') return 'it does not exist; `kedge node init` writes one';
  if (code === 'EACCES') return 'this user may not read it; check its owner and mode';
  if (code === 'EISDIR') return 'it is a folder; name the file in it';
  return cause instanceof Error ? cause.message : String(cause);
}
