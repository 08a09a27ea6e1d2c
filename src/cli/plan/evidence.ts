/**
 * What a plan looks at: recorded chains from files, those of servers that are asked now, and
 * revocation lists.
 *
 * @module
 */
import type { Command } from 'commander';
import { KedgeError } from '../../core/errors.ts';
import { PLAN_CHAINS_MAX } from '../../core/limits.ts';
import type { RecordedChain, UnreadChain } from '../../preflight/plan.ts';
import type { RecordedList } from '../../preflight/revocations.ts';
import { parseDurationSeconds } from '../durations.ts';
import { collect, parseArgument } from '../help.ts';
import type { Session } from '../session.ts';
import { printable } from '../terminal/styles.ts';
import { loadChains } from './chains-file.ts';
import { type Probed, probeAll } from './probe.ts';
import { parseProbeTarget } from './probe-target.ts';
import { loadLists } from './revocation-lists.ts';

/** How servers are asked, as options. */
export interface ProbeOptions {
  readonly timeout?: string;
  readonly parallel?: string;
}

/** Where chains come from, as options. */
export interface EvidenceOptions extends ProbeOptions {
  readonly probe?: readonly string[];
  readonly chains?: readonly string[];
  readonly purpose?: string;
  readonly crl?: readonly string[];
}

/** What was found. */
export interface Evidence {
  readonly chains: readonly RecordedChain[];
  /** Servers that were asked in vain. */
  readonly unread: readonly UnreadChain[];
}

/** Chains, and the revocation lists that are given beside them; absent: none are. */
export interface ListedEvidence extends Evidence {
  readonly lists?: readonly RecordedList[];
}

const TIMEOUT_DEFAULT = '10s';
const TIMEOUT_MAX_S = 300;
const PARALLEL_DEFAULT = '32';
const PARALLEL_MAX = 256;
const PURPOSE_DEFAULT = 'tls-server';
const PURPOSE = /^[a-z0-9][a-z0-9-]{0,62}$/;
/** Lines about progress. */
const NOTES = 10;

/** Adds the options of {@link ProbeOptions}. */
export function addProbeOptions(command: Command): Command {
  return command
    .option(
      '--timeout <duration>',
      `for how long one server may take (default: "${TIMEOUT_DEFAULT}")`,
    )
    .option(
      '--parallel <number>',
      `how many servers are asked at once (default: ${PARALLEL_DEFAULT})`,
    );
}

/** Adds the options of {@link EvidenceOptions}. */
export function addEvidenceOptions(command: Command): Command {
  command
    .option(
      '--probe <host:port>',
      'ask this server for its chain; repeat it; more after commas: servername=<name>, ' +
        'starttls=smtp, starttls=postgres',
      collect,
    )
    .option(
      '--chains <path>',
      'recorded chains: PEM with one chain, .jsonl of kedge plan record, or a folder of both',
      collect,
    )
    .option(
      '--purpose <name>',
      `what recorded chains that name none are for (default: "${PURPOSE_DEFAULT}")`,
    );
  command.option(
    '--crl <path>',
    'a revocation list of a CA, PEM or DER, or a folder of .crl files; repeat it; its signature ' +
      'is checked',
    collect,
  );
  return addProbeOptions(command);
}

/** Gathers the chains. Errors: `CONFIG`, and those of files. */
export async function gatherEvidence(
  session: Session,
  options: EvidenceOptions,
): Promise<ListedEvidence> {
  requireBelonging(options);
  const { probe = [], chains: paths = [], purpose = PURPOSE_DEFAULT, crl } = options;
  const recorded: RecordedChain[] = [];
  for (const path of paths) {
    recorded.push(...(await loadChains(session.path(path), parsePurpose(purpose))));
  }
  const lists = crl && (await loadLists(crl.map((path) => session.path(path))));
  const { chains, unread } = await recordChains(session, probe, options);
  return { chains: [...recorded, ...chains], unread, ...(lists && { lists }) };
}

/** Asks servers, as they are written on the command line. Errors: `CONFIG`. */
export async function recordChains(
  session: Session,
  probes: readonly string[],
  options: ProbeOptions,
): Promise<Evidence> {
  const targets = probes.map((text) => parseArgument('--probe', text, parseProbeTarget));
  if (targets.length > PLAN_CHAINS_MAX) {
    throw new KedgeError('CONFIG', `at most ${PLAN_CHAINS_MAX} servers are asked in one run`);
  }
  const { timeout = TIMEOUT_DEFAULT, parallel = PARALLEL_DEFAULT } = options;
  const every = Math.ceil(targets.length / NOTES);
  const probed = await probeAll(targets, {
    timeoutMs: parseArgument('--timeout', timeout, parseTimeoutMs),
    parallel: parseArgument('--parallel', parallel, parseParallel),
    signal: session.context.signal,
    onProbed: (done, one) => {
      if ('reason' in one) session.output.note(`${one.target.name}: ${printable(one.reason)}`);
      if (done % every !== 0 && done !== targets.length) return;
      session.output.note(`asked ${done} of ${targets.length} servers`);
    },
  });
  return { chains: probed.flatMap(chainsOf), unread: probed.flatMap(failuresOf) };
}

function chainsOf(probed: Probed): readonly RecordedChain[] {
  if (!('chain' in probed)) return [];
  return [{ name: probed.target.name, purpose: PURPOSE_DEFAULT, chain: probed.chain }];
}

function failuresOf(probed: Probed): readonly UnreadChain[] {
  return 'reason' in probed ? [{ name: probed.target.name, reason: probed.reason }] : [];
}

/** What belongs to an option that is not there would be ignored without a word. */
function requireBelonging(options: EvidenceOptions): void {
  const { probe, chains, timeout, parallel, purpose, crl } = options;
  if (crl !== undefined && probe === undefined && chains === undefined) {
    throw new KedgeError('CONFIG', '--crl is about chains, and none is given', {
      detail: { hint: 'add --probe <host:port> or --chains <path>' },
    });
  }
  if (probe === undefined && (timeout !== undefined || parallel !== undefined)) {
    const name = timeout === undefined ? '--parallel' : '--timeout';
    throw new KedgeError('CONFIG', `${name} is about servers that are asked`, {
      detail: { hint: 'add --probe <host:port>' },
    });
  }
  if (purpose === undefined || chains !== undefined) return;
  throw new KedgeError('CONFIG', '--purpose is about recorded chains', {
    detail: { hint: 'add --chains <path>' },
  });
}

function parsePurpose(text: string): string {
  if (PURPOSE.test(text)) return text;
  throw new KedgeError('CONFIG', `--purpose: ${JSON.stringify(text)} is none`, {
    detail: { hint: 'for example tls-server or tls-client' },
  });
}

function parseTimeoutMs(text: string): number {
  const seconds = parseDurationSeconds(text);
  if (seconds >= 1 && seconds <= TIMEOUT_MAX_S) return seconds * 1000;
  throw new KedgeError('CONFIG', `must be from 1s to ${TIMEOUT_MAX_S}s`);
}

function parseParallel(text: string): number {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= PARALLEL_MAX) return count;
  throw new KedgeError('CONFIG', `must be a number from 1 to ${PARALLEL_MAX}`);
}
