/**
 * The settings file, `kedge.yaml`: which realm, which pin, which node, with which certificate; so
 * that commands are short. Command-line options win over the environment, which wins over the file.
 *
 * Unknown keys are errors: a misspelt `pin` that is ignored would be a missing pin.
 *
 * @module
 */
import { dirname, isAbsolute, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { parseUtf8 } from '../core/bytes.ts';
import { KedgeError } from '../core/errors.ts';
import { parseRealmName, parseSha256, type RealmName, type Sha256 } from '../core/ids.ts';
import type { CliContext } from './context.ts';
import { fileExists, readInput } from './files.ts';
import { parseArgument } from './help.ts';

/** The certificate that the CLI shows to nodes, and the authority of the nodes' certificates. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}

/** Settings; every path is absolute. */
export interface Profile {
  /** Where it was read from; absent when there is no file. */
  readonly path: string | undefined;
  readonly realm: RealmName | undefined;
  /** Digest of the realm's first charter. */
  readonly pin: Sha256 | undefined;
  /** Charter document files in ascending order, for work without a node. */
  readonly charters: readonly string[];
  /** `host:port` of the admins' listener of a node. */
  readonly node: string | undefined;
  /** `host:port` of the admins' listeners of several nodes, for `kedge cluster`. */
  readonly nodes: readonly string[];
  /** `host:port` of clients' listeners, for `kedge watch`; default: `node`. */
  readonly endpoints: readonly string[];
  readonly tls: TlsFiles | undefined;
  /** `loopback`: plaintext to 127.0.0.1 or ::1, for trying things out. */
  readonly insecure: 'no' | 'loopback';
  /** The signer's ledger file. */
  readonly ledger: string | undefined;
}

const PROFILE_MAX_BYTES = 64 * 1024;
const DEFAULT_NAME = 'kedge.yaml';
const KEYS = [
  'realm',
  'pin',
  'charters',
  'node',
  'nodes',
  'endpoints',
  'tls',
  'insecure',
  'ledger',
];
const TLS_KEYS = ['certFile', 'keyFile', 'caFile'];

/** Loads the profile: `chosen`, else `$KEDGE_PROFILE`, else `./kedge.yaml` when it is there. */
export async function loadProfile(
  context: CliContext,
  chosen: string | undefined,
): Promise<Profile> {
  const named = chosen ?? setting(context, 'KEDGE_PROFILE');
  const fallback = resolve(context.cwd, DEFAULT_NAME);
  if (named === undefined && !(await fileExists(fallback))) {
    return withEnvironment(context, parseProfile({}, undefined));
  }
  const path = named === undefined ? fallback : resolve(context.cwd, named);
  const bytes = await readInput(path, { what: 'profile', maxBytes: PROFILE_MAX_BYTES });
  const parsed = parseDocument(parseUtf8(bytes), { prettyErrors: true });
  const problem = parsed.errors[0];
  if (problem !== undefined) throw wrong(path, problem.message);
  return withEnvironment(context, parseProfile(parsed.toJS() ?? {}, path));
}

function parseProfile(value: unknown, path: string | undefined): Profile {
  const root = record(value, path, 'the file');
  requireKeys(root, KEYS, path);
  const absolute = (file: string): string =>
    path === undefined || isAbsolute(file) ? file : resolve(dirname(path), file);
  const optional = (key: string): string | undefined => text(root.get(key), path, key);
  const list = (key: string): readonly string[] => {
    const items = root.get(key) ?? [];
    if (!Array.isArray(items)) throw wrong(path, `${key} must be a list`);
    return items.map((item) => text(item, path, key) ?? '');
  };
  const node = optional('node');
  const endpoints = list('endpoints');
  const realm = optional('realm');
  const pin = optional('pin');
  const ledger = optional('ledger');
  const insecure = root.get('insecure') ?? false;
  if (typeof insecure !== 'boolean') throw wrong(path, 'insecure must be true or false');
  return {
    path,
    realm:
      realm === undefined
        ? undefined
        : parseArgument('realm of the profile', realm, parseRealmName),
    pin: pin === undefined ? undefined : parseArgument('pin of the profile', pin, parseSha256),
    charters: list('charters').map(absolute),
    node,
    nodes: list('nodes'),
    endpoints: endpoints.length === 0 && node !== undefined ? [node] : endpoints,
    tls: parseTls(root.get('tls'), path, absolute),
    insecure: insecure ? 'loopback' : 'no',
    ledger: ledger === undefined ? undefined : absolute(ledger),
  };
}

function parseTls(
  value: unknown,
  path: string | undefined,
  absolute: (file: string) => string,
): TlsFiles | undefined {
  if (value === undefined || value === null) return undefined;
  const tls = record(value, path, 'tls');
  requireKeys(tls, TLS_KEYS, path);
  const file = (key: string): string => {
    const name = text(tls.get(key), path, `tls.${key}`);
    if (name === undefined) throw wrong(path, `tls.${key} is missing`);
    return absolute(name);
  };
  return { certFile: file('certFile'), keyFile: file('keyFile'), caFile: file('caFile') };
}

function withEnvironment(context: CliContext, profile: Profile): Profile {
  const realm = setting(context, 'KEDGE_REALM');
  const pin = setting(context, 'KEDGE_PIN');
  const ledger = setting(context, 'KEDGE_LEDGER');
  const node = setting(context, 'KEDGE_NODE');
  return {
    ...profile,
    endpoints: node !== undefined && profile.endpoints.length === 0 ? [node] : profile.endpoints,
    realm:
      realm === undefined ? profile.realm : parseArgument('KEDGE_REALM', realm, parseRealmName),
    pin: pin === undefined ? profile.pin : parseArgument('KEDGE_PIN', pin, parseSha256),
    node: node ?? profile.node,
    ledger: ledger === undefined ? profile.ledger : resolve(context.cwd, ledger),
  };
}

function setting(context: CliContext, name: string): string | undefined {
  const value = context.env[name];
  return value === '' ? undefined : value;
}

function record(
  value: unknown,
  path: string | undefined,
  what: string,
): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong(path, `${what} must be a table of keys and values`);
  }
  return new Map<string, unknown>(Object.entries(value));
}

function requireKeys(
  table: ReadonlyMap<string, unknown>,
  known: readonly string[],
  path: string | undefined,
): void {
  for (const key of table.keys()) {
    if (!known.includes(key)) {
      throw wrong(path, `unknown key ${JSON.stringify(key)} (known: ${known.join(', ')})`);
    }
  }
}

function text(value: unknown, path: string | undefined, key: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || value === '') throw wrong(path, `${key} must be a text`);
  return value;
}

function wrong(path: string | undefined, why: string): KedgeError {
  return new KedgeError('CONFIG', `the profile ${path ?? ''} is wrong: ${why}`, {
    detail: { hint: 'docs/cli.md#profile lists the keys; quote values that start with a digit' },
  });
}
