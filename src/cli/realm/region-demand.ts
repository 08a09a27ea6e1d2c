/**
 * The demand that regions vouch for what a command reads: k of them cosigned it, and said lately
 * that nothing newer exists.
 *
 * The node only carries what they signed; it is verified here, with the keys of the charter.
 *
 * @module
 */
import type { Command } from 'commander';
import { KedgeError } from '../../core/errors.ts';
import { CHARTER_STREAM, parseSha256, type Sha256, type StreamName } from '../../core/ids.ts';
import { REGIONS_MAX } from '../../core/limits.ts';
import { CharterLog } from '../../core/log/charter-log.ts';
import { RegionView } from '../../core/log/region-view.ts';
import type { SignedStatement } from '../../core/statements/envelope.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import type { AcceptedCharter } from '../../core/trusted/state.ts';
import { formatDistance, formatSeconds, parseDurationSeconds } from '../durations.ts';
import { parseArgument } from '../help.ts';
import type { NodeAdmin } from '../node/admin.ts';

/** How much a command demands of regions. */
export interface DemandOptions {
  readonly requireRegions?: string;
  readonly freshWithin?: string;
  readonly knownCharter?: string;
}

/** What is demanded, checked. */
export interface RegionDemand {
  readonly regions: number;
  /** Absent: age plays no part. */
  readonly windowMs: number | undefined;
  /** A later charter for which the caller vouches, like the pin. */
  readonly knownCharter: Sha256 | undefined;
}

/** Adds the option that names a charter for which the caller vouches. */
export function addKnownCharterOption(command: Command): Command {
  return command.option(
    '--known-charter <sha256>',
    'digest of a later charter that you vouch for: regions are asked about those after it',
  );
}

/** Adds the options of {@link DemandOptions}. */
export function addDemandOptions(command: Command): Command {
  return addKnownCharterOption(command)
    .option('--require-regions <k>', 'fail unless k regions of the charter cosigned it')
    .option(
      '--fresh-within <duration>',
      'fail unless k regions (default: 1) said within this time that nothing is newer',
    );
}

/** Parses the options; absent when nothing is demanded. Errors: `CONFIG`. */
export function parseDemand(options: DemandOptions): RegionDemand | undefined {
  const { requireRegions, freshWithin, knownCharter: known } = options;
  const knownCharter =
    known === undefined
      ? undefined
      : parseArgument('--known-charter', known.toLowerCase(), parseSha256);
  if (requireRegions === undefined && freshWithin === undefined) return undefined;
  const regions =
    requireRegions === undefined
      ? 1
      : parseArgument('--require-regions', requireRegions, parseRegionCount);
  const windowMs =
    freshWithin === undefined
      ? undefined
      : 1000 * parseArgument('--fresh-within', freshWithin, parseDurationSeconds);
  return { regions, windowMs, knownCharter };
}

/** Parses a number of regions. Errors: `PARSE`. */
export function parseRegionCount(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text) && Number(text) <= REGIONS_MAX) return Number(text);
  throw new KedgeError('PARSE', `must be a number from 1 to ${REGIONS_MAX}`);
}

/**
 * Requires that charters after the first one, or the known one, are in the log that regions
 * cosigned. Errors: `QUORUM`, `PROOF`, `UNAVAILABLE` (nothing is attested yet), those of what the
 * node says. Rules CO-20 and CO-21.
 */
export async function requireVouchedCharters(
  node: NodeAdmin,
  charters: readonly AcceptedCharter[],
  { regions: threshold, knownCharter: known }: RegionDemand,
): Promise<void> {
  const newest = charters.at(-1);
  if (newest === undefined || charters.length === 1) return;
  const { leaf } = await node.checkpoint(CHARTER_STREAM);
  const log = new CharterLog({ realm: newest.charter.realm, threshold, known });
  log.take(leaf, charters);
  log.requireAttested({ charters, inUse: 0, faulty: new Set() });
}

/** What is to be vouched for. */
export interface Vouched {
  readonly charters: readonly AcceptedCharter[];
  /** The newest statement of its stream, verified. */
  readonly statement: SignedStatement;
}

/**
 * Requires what is demanded. Errors: `POLICY` (the charter has fewer regions), `QUORUM`, `STALE`,
 * `UNAVAILABLE` (nothing is attested yet), those of what the node says.
 */
export async function requireVouched(
  node: NodeAdmin,
  { charters, statement }: Vouched,
  { regions, windowMs }: RegionDemand,
  nowMs: number,
): Promise<void> {
  const { stream, sequence, digest, realm } = parseStatement(statement.payload);
  const { leaf, heartbeats } = await node.checkpoint(stream);
  const view = new RegionView({ realm, threshold: regions, localMs: nowMs });
  view.govern(charters);
  view.takeCosigned(leaf);
  view.requireCosigned({ stream, sequence, digest, payload: statement.payload });
  if (windowMs === undefined) return;
  const held = new Map([[stream, { stream, sequence, digest }]]);
  for (const said of heartbeats) view.takeHeartbeat(said, held, nowMs);
  const window = { windowMs, nowMs: view.read(nowMs).nowMs };
  const { kind, quorumMs } = view.judge(stream, 'stale', window);
  if (kind === 'stale') throw stale(stream, { regions, windowMs }, quorumMs, window.nowMs);
}

function stale(
  stream: StreamName,
  { regions, windowMs = 0 }: Pick<RegionDemand, 'regions' | 'windowMs'>,
  quorumMs: number | undefined,
  nowMs: number,
): KedgeError {
  const age =
    quorumMs === undefined
      ? `fewer than ${regions} regions ever said so here`
      : `${regions} regions said so last ${formatDistance(quorumMs, nowMs)}`;
  const within = formatSeconds(windowMs / 1000);
  return new KedgeError(
    'STALE',
    `${stream} is not known to be the newest within ${within}: ${age}`,
    { detail: { stream, windowMs, hint: 'ask another node with --node; see kedge node status' } },
  );
}
