/**
 * Checks of a configuration: the schema, then the relations between keys; finds everything that is
 * wrong, with the path of each problem and what to write instead.
 *
 * @module
 */
import type { z } from 'zod';
import type { NodeConfig } from './config.ts';
import { allKeys } from './config-keys.ts';
import { nodeConfigSchema } from './config-schema.ts';
import { isLoopback, parseAddress } from './config-values.ts';

/** Something wrong in a configuration. */
export interface ConfigProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** A configuration or what is wrong with it. */
export type CheckedConfig =
  | { readonly kind: 'config'; readonly config: NodeConfig }
  | { readonly kind: 'problems'; readonly problems: readonly ConfigProblem[] };

/** Checks a plain value as it came out of YAML. */
export function findProblems(value: unknown): CheckedConfig {
  const parsed = nodeConfigSchema.safeParse(value, { reportInput: true });
  const problems = parsed.success
    ? relationProblems(parsed.data)
    : parsed.error.issues.flatMap(issueProblems);
  if (parsed.success && problems.length === 0) return { kind: 'config', config: parsed.data };
  return { kind: 'problems', problems };
}

/** The word of `known` that is closest to `word` by edit distance; undefined when none is near. */
function nearestWord(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(3, Math.ceil(word.length / 2)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function issueProblems(issue: z.core.$ZodIssue): ConfigProblem[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys') {
    const known = siblingsOf(placeIn(path));
    return issue.keys.map((key) => {
      const near = nearestWord(key, known);
      const advice =
        near === undefined ? `the keys here are ${known.join(', ')}` : `did you mean ${near}?`;
      return { path: [...path, key], message: `unknown key; ${advice}` };
    });
  }
  if (issue.code === 'invalid_type' && issue.input === undefined) {
    return [{ path, message: 'is missing; it is required' }];
  }
  if (issue.code === 'invalid_type') {
    return [{ path, message: `is ${kindOf(issue.input)}; ${wantedAt(placeIn(path))}` }];
  }
  return [{ path, message: issue.message }];
}

/** A path as the reference names its key, with `[]` for each item of a list. */
function placeIn(path: readonly (string | number)[]): string {
  const place = path.map((part) => (typeof part === 'number' ? '[]' : part)).join('.');
  return place.replaceAll('.[]', '[]');
}

/** What to write at a place of the file, by the words of the reference. */
function wantedAt(place: string): string {
  if (place === '') return 'write keys with values';
  const key = allKeys().find(({ name }) => name === place || `${name}[]` === place);
  if (key === undefined) return 'write keys with values';
  const type = place.endsWith('[]') ? key.type.replace('list of ', '') : key.type;
  if (type === 'section') return 'write keys with values below it';
  const example = key.example === undefined ? undefined : `such as ${key.example}`;
  const facts = [key.unit, key.range, example];
  return [`give a value of type ${type}`, ...facts.filter((fact) => fact !== undefined)].join(', ');
}

/** What a value of a YAML file is, for people. */
function kindOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a section';
  const written = JSON.stringify(value).slice(0, 40);
  return typeof value === 'string' ? `the text ${written}` : `the ${typeof value} ${written}`;
}

/** The names of the keys directly inside the object at `place`. */
function siblingsOf(place: string): string[] {
  const prefix = place === '' ? '' : `${place}.`;
  return allKeys()
    .map(({ name }) => name)
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length).replace('[]', ''))
    .filter((name) => !name.includes('.'));
}

function relationProblems(config: NodeConfig): ConfigProblem[] {
  return [
    ...securityProblems(config),
    ...presenceProblems(config),
    ...addressProblems(config),
    ...httpProblems(config),
    ...workerProblems(config),
  ];
}

/** Metrics have no callers' identities: who may read them is who reaches the address. */
function httpProblems({ http, listen }: NodeConfig): ConfigProblem[] {
  if (http === undefined) return [];
  const path = ['http', 'listen'];
  const address = parseAddress(http.listen);
  if (address.port !== 0 && Object.values(listen).includes(http.listen)) {
    return [{ path, message: 'is the address of another listener too; choose another port' }];
  }
  if (http.allowRemote || isLoopback(address)) return [];
  return [
    {
      path,
      message:
        `is ${http.listen}, which other machines reach, without TLS; use a loopback address such ` +
        'as 127.0.0.1:7443, or set http.allowRemote to true',
    },
  ];
}

/** Workers carry programs alone. */
function workerProblems({ tls, listen }: NodeConfig): ConfigProblem[] {
  if ((tls?.clientWorkers ?? 0) === 0) return [];
  const { clients, peers, admins } = listen;
  if (clients !== undefined && clients !== peers && clients !== admins) return [];
  const message = 'needs listen.clients, with an address that is not that of peers or admins';
  return [{ path: ['tls', 'clientWorkers'], message }];
}

function presenceProblems(config: NodeConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const { clients, peers, admins } = config.listen;
  if (clients === undefined && peers === undefined && admins === undefined) {
    problems.push({ path: ['listen'], message: 'needs at least one of clients, peers, admins' });
  }
  if (config.firstCharterDigest === undefined && config.firstCharterFile === undefined) {
    problems.push({
      path: ['firstCharterDigest'],
      message:
        'is missing; give the digest that `kedge realm init` printed, or firstCharterFile, so ' +
        'that this node knows whom to trust',
    });
  }
  if (config.firstCharterFile === undefined && config.listen.peers === undefined) {
    problems.push({
      path: ['firstCharterFile'],
      message: 'is missing; a node that no peer can reach cannot fetch the first charter from one',
    });
  }
  return problems;
}

function securityProblems(config: NodeConfig): ConfigProblem[] {
  if (config.insecure && config.tls !== undefined) {
    return [{ path: ['insecure'], message: 'is true although tls is given; remove one of them' }];
  }
  if (!config.insecure && config.tls === undefined) {
    return [
      {
        path: ['tls'],
        message: 'is missing; give certFile, keyFile and caFile (`kedge peer issue` makes them)',
      },
    ];
  }
  if (!config.insecure) return [];
  const listeners = Object.entries(config.listen).map(([key, address]) => ({
    path: ['listen', key],
    address,
  }));
  const seeds = config.peers.seeds.map((address, i) => ({ path: ['peers', 'seeds', i], address }));
  const self = { path: ['node', 'address'], address: config.node.address };
  return [...listeners, ...seeds, self]
    .filter(({ address }) => address !== undefined && !isLoopback(parseAddress(address)))
    .map(({ path }) => ({
      path,
      message: 'must be a loopback address such as 127.0.0.1 while insecure is true',
    }));
}

/** Where a node that speaks with peers is reached. */
function addressProblems({ node, listen, peers }: NodeConfig): ConfigProblem[] {
  const dialled = [
    { path: ['node', 'address'], address: node.address },
    ...peers.seeds.map((address, i) => ({ path: ['peers', 'seeds', i], address })),
  ];
  const nowhere = dialled.filter(({ address }) => address !== undefined && !isDialled(address));
  if (nowhere.length > 0) {
    return nowhere.map(({ path, address }) => ({
      path,
      message:
        `is ${String(address)}, which no other node can dial; give a name or an IP address, ` +
        'and a port',
    }));
  }
  if (node.address !== undefined) return [];
  if (listen.peers === undefined) {
    if (peers.seeds.length === 0) return [];
    return [
      {
        path: ['listen', 'peers'],
        message: 'is missing; a node with seeds listens for its peers, and they dial it there',
      },
    ];
  }
  if (!WILDCARDS.has(parseAddress(listen.peers).host)) return [];
  return [
    {
      path: ['node', 'address'],
      message: `is missing; listen.peers is ${listen.peers}, which no other node can dial`,
    },
  ];
}

const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** Whether an address is one to listen at alone: `0.0.0.0` is each machine for itself. */
function isDialled(text: string): boolean {
  const { host, port } = parseAddress(text);
  return !WILDCARDS.has(host) && port !== 0;
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
