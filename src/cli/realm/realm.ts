/**
 * A realm as a command sees it: its charters and releases from a node or from files, each verified
 * from the pin down before anybody looks at it.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import {
  type AnchorId,
  type BundleName,
  CHARTER_STREAM,
  parseSequence,
  releaseStream,
  type Sequence,
} from '../../core/ids.ts';
import { checkBlobs } from '../../core/releases/usable.ts';
import type { SignedDocument, SignedStatement } from '../../core/statements/envelope.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import { acceptEvidence } from '../../core/trusted/accept.ts';
import { type Evidence, headOf, type TrustedState } from '../../core/trusted/state.ts';
import { blobsById, loadRelease, type ReleaseFile } from '../draft/file.ts';
import { type NodeAdmin, openNode } from '../node/admin.ts';
import type { Session } from '../session.ts';
import type { RealmOptions } from './options.ts';
import {
  type DemandOptions,
  parseDemand,
  type RegionDemand,
  requireVouched,
  requireVouchedCharters,
} from './region-demand.ts';
import {
  BELOW_MAX,
  type GroundedDocument,
  type Pin,
  requireCharter,
  requirePin,
  verifyRealm,
} from './trust.ts';

const CHARTERS_MAX = 10_000;
const NO_BLOBS: ReadonlyMap<AnchorId, Uint8Array> = new Map();

/** A verified release with its certificates. */
export interface RealmRelease {
  /** The realm's state with this release as the head of its stream. */
  readonly state: TrustedState;
  readonly document: GroundedDocument;
  readonly blobs: ReadonlyMap<AnchorId, Uint8Array>;
}

/** A realm that was opened; close it when the command is done. */
export interface Realm extends AsyncDisposable {
  readonly source: 'node' | 'files';
  readonly pin: Pin;
  /** From the first to the current one. */
  readonly charters: readonly SignedDocument[];
  /** What the charters alone say. */
  readonly state: TrustedState;
  /** The connection, when the source is a node. */
  readonly node: NodeAdmin | undefined;
  /** The newest release of a bundle; absent when there is none. */
  head(
    bundle: BundleName,
    options?: { readonly blobs: 'with' | 'without' },
  ): Promise<RealmRelease | undefined>;
}

/** Opens the realm that options and profile mean: a node when one is named, else files. */
export async function openRealm(
  session: Session,
  options: RealmOptions & DemandOptions & { readonly base?: string },
): Promise<Realm> {
  const demand = parseDemand(options);
  const profile = await session.profile();
  const pin = requirePin(profile, options);
  const address = options.node ?? profile.node;
  const offline = options.charter !== undefined || options.base !== undefined;
  if (address !== undefined && !(offline && options.node === undefined)) {
    return openNodeRealm(session, pin, await openNode(session, options), demand);
  }
  if (demand !== undefined) {
    throw new KedgeError('CONFIG', 'no region vouches for a file', {
      detail: { hint: 'ask a node, or leave --require-regions and --fresh-within away' },
    });
  }
  const base =
    options.base === undefined ? undefined : await loadRelease(session.path(options.base));
  const files = (options.charter ?? []).map((file) => session.path(file));
  const paths = files.length > 0 ? files : profile.charters;
  const charters =
    paths.length === 0 && base !== undefined ? base.charters : await loadCharters(paths);
  return openFileRealm(session, pin, charters, base);
}

async function loadCharters(files: readonly string[]): Promise<readonly SignedDocument[]> {
  if (files.length === 0) {
    throw new KedgeError('CONFIG', 'neither a node nor a charter file is known', {
      detail: { hint: 'set `node:` or `charters:` in kedge.yaml, or give --node or --charter' },
    });
  }
  const loaded: SignedDocument[] = [];
  for (const file of files) loaded.push((await loadRelease(file, 'charter')).document);
  return loaded.toSorted((a, b) => sequenceOf(a) - sequenceOf(b));
}

function openFileRealm(
  session: Session,
  pin: Pin,
  charters: readonly SignedDocument[],
  base: ReleaseFile | undefined,
): Realm {
  const nowMs = session.context.nowMs();
  return {
    source: 'files',
    pin,
    charters,
    state: verifyRealm(pin, { charters }, nowMs),
    node: undefined,
    head: async (bundle) => {
      if (base === undefined) return undefined;
      const known = { pin, charters, document: base.document };
      const ground = await groundOf(known, nowMs, async (at) => belowIn(base, at));
      return requireRelease(bundle, { ...ground, blobs: base.blobs });
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function openNodeRealm(
  session: Session,
  pin: Pin,
  node: NodeAdmin,
  demand: RegionDemand | undefined,
): Promise<Realm> {
  try {
    const nowMs = session.context.nowMs();
    const streams = new Map((await node.streams()).map((one) => [one.stream, one]));
    const charters = await fetchCharters(node, streams.get(CHARTER_STREAM)?.sequence ?? 0);
    const trusted = verifyRealm(pin, { charters }, nowMs);
    const charter = requireCharter(trusted);
    const vouch = async (statement: SignedStatement): Promise<void> => {
      if (demand === undefined) return;
      await requireVouched(node, { charters: trusted.charters, statement }, demand, nowMs);
    };
    if (demand !== undefined) await requireVouchedCharters(node, trusted.charters, demand);
    await vouch(charter.document.statement);
    return {
      source: 'node',
      pin,
      charters,
      state: trusted,
      node,
      head: async (bundle, { blobs } = { blobs: 'with' }) => {
        const stream = releaseStream(bundle);
        const status = streams.get(stream);
        if (status === undefined || status.sequence < 1) return undefined;
        const newest = await node.document(stream, parseSequence(status.sequence));
        const known = { pin, charters, document: newest };
        const { state, document } = await groundOf(known, nowMs, (at) => node.document(stream, at));
        await vouch(document.statement);
        const release = {
          state: status.fork === undefined ? state : withEvidence(session, state, status.fork),
          document,
          blobs: blobs === 'with' ? await fetchBlobs(node, state, bundle) : NO_BLOBS,
        };
        return requireRelease(bundle, release, blobs);
      },
      [Symbol.asyncDispose]: async () => node[Symbol.dispose](),
    };
  } catch (thrown) {
    node[Symbol.dispose]();
    throw thrown;
  }
}

interface Head {
  readonly pin: Pin;
  readonly charters: readonly SignedDocument[];
  readonly document: SignedDocument;
}

/**
 * A head with the releases that it takes to judge it: below one that only the revoke role signed
 * comes what it narrows (NR-1).
 */
export async function groundOf(
  { pin, charters, document }: Head,
  nowMs: number,
  find: (sequence: Sequence) => Promise<SignedDocument>,
): Promise<{ readonly state: TrustedState; readonly document: GroundedDocument }> {
  let release: GroundedDocument = document;
  for (;;) {
    try {
      return { state: verifyRealm(pin, { charters, release }, nowMs), document: release };
    } catch (thrown) {
      const { below = [] } = release;
      const sequence = sequenceOf(below[0] ?? document);
      const { code, detail } = KedgeError.from(thrown);
      // Where signers are missing, no release before it helps.
      const isWanted = code === 'THRESHOLD' && detail['needed'] === undefined && sequence > 1;
      if (!isWanted || below.length >= BELOW_MAX) throw thrown;
      const before = await find(parseSequence(sequence - 1));
      release = { ...document, below: [before, ...below] };
    }
  }
}

/** What a record carries of the releases before its own. Errors: `GAP`. */
function belowIn({ document, base }: ReleaseFile, sequence: Sequence): SignedDocument {
  const carried = base === undefined ? [] : [base, ...(base.below ?? [])];
  const found = carried.find((one) => sequenceOf(one) === sequence);
  if (found !== undefined) return found;
  const own = String(sequenceOf(document));
  throw new KedgeError(
    'GAP',
    `the revoke role alone signed release ${own}: it is judged on top of release ` +
      `${String(sequence)}, which the file does not carry`,
    {
      detail: {
        hint:
          'give the record that kedge release submit kept (<bundle>.release-<n>.json): it ' +
          'carries the release before; or ask a node with --node',
      },
    },
  );
}

/** Evidence that proves a fork stops this command too; evidence that proves nothing is told. */
function withEvidence(session: Session, state: TrustedState, fork: Evidence): TrustedState {
  try {
    return acceptEvidence(state, fork).state;
  } catch (thrown) {
    const { message } = KedgeError.from(thrown);
    session.output.warn(`the node calls ${fork.stream} forked, but cannot prove it: ${message}`);
    return state;
  }
}

async function fetchBlobs(
  node: NodeAdmin,
  state: TrustedState,
  bundle: BundleName,
): Promise<ReadonlyMap<AnchorId, Uint8Array>> {
  const anchors = headOf(state, releaseStream(bundle))?.body.anchors ?? [];
  return blobsById(await node.blobs(anchors.map(({ id }) => id)));
}

/** Reads all charters up to a version; nothing of them is verified. Errors: `GAP`, `LIMIT`. */
export async function fetchCharters(
  node: NodeAdmin,
  version: number,
): Promise<readonly SignedDocument[]> {
  if (version < 1) {
    throw new KedgeError('GAP', 'the node holds no charter yet', {
      detail: { hint: 'wait until it has fetched it from a peer, or ask another node' },
    });
  }
  if (version > CHARTERS_MAX) {
    throw new KedgeError('LIMIT', `the node speaks of ${version} charters; that cannot be`);
  }
  const charters: SignedDocument[] = [];
  for (let number = 1; number <= version; number += 1) {
    charters.push(await node.document(CHARTER_STREAM, parseSequence(number)));
  }
  return charters;
}

function requireRelease(
  bundle: BundleName,
  release: RealmRelease,
  blobs: 'with' | 'without' = 'with',
): RealmRelease {
  const head = headOf(release.state, releaseStream(bundle));
  if (head === undefined) {
    throw new KedgeError('TYPE', `the release that was given is not one of ${bundle}`);
  }
  if (blobs === 'with') checkBlobs(head.body, release.blobs);
  return release;
}

function sequenceOf(document: SignedDocument): number {
  return parseStatement(document.statement.payload).sequence;
}
