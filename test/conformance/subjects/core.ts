/**
 * The core: the verifier with nothing around it, and the readers of files.
 */
import { encodeHex, parseBase64 } from '../../../src/core/bytes.ts';
import type { Resolution } from '../../../src/core/charter/charter.ts';
import { sha256 } from '../../../src/core/crypto.ts';
import { type ErrorCode, KedgeError } from '../../../src/core/errors.ts';
import { RowTree } from '../../../src/core/gossip/repair/row-tree.ts';
import { rowsOf } from '../../../src/core/gossip/rows.ts';
import {
  CHARTER_STREAM,
  parseBundleName,
  parseRealmName,
  parseSha256,
  releaseStream,
  type Sha256,
  type StreamName,
} from '../../../src/core/ids.ts';
import { CharterLog } from '../../../src/core/log/charter-log.ts';
import type { HeldHead } from '../../../src/core/log/freshness.ts';
import { RegionView } from '../../../src/core/log/region-view.ts';
import { parseEnvelope, type SignedDocument } from '../../../src/core/statements/envelope.ts';
import { parseStatement, type Statement } from '../../../src/core/statements/statement.ts';
import { acceptDocument, acceptEvidence } from '../../../src/core/trusted/accept.ts';
import { isGoodHistory } from '../../../src/core/trusted/authority.ts';
import type { Holding } from '../../../src/core/trusted/holding.ts';
import type { Offer } from '../../../src/core/trusted/offer.ts';
import { restoreTrustedState } from '../../../src/core/trusted/restore.ts';
import { touchedBy } from '../../../src/core/trusted/settle.ts';
import {
  currentCharter,
  emptyTrustedState,
  headOf,
  type TrustedState,
} from '../../../src/core/trusted/state.ts';
import { admitAnchor } from '../../../src/x509/admission.ts';
import { parseCertificateFile } from '../../../src/x509/file.ts';
import type {
  ApplyStep,
  CertificateStep,
  ConformanceCase,
  EvidenceStep,
  JudgedStep,
  RegionStep,
  StreamResult,
} from '../format.ts';
import { decodeLeaf, decodePair, decodeRows, isRegionStep } from './attested.ts';
import {
  decodeDocument,
  decodeEvidence,
  evidenceText,
  forkedResult,
  lastOf,
  type Observed,
  type Subject,
  type SubjectKind,
  type SubjectResult,
  statementText,
} from './subject.ts';

const NOTHING = new Uint8Array(0);

/** The verifier alone. */
export const coreKind: SubjectKind = {
  name: 'core',
  open: async (one) => new CoreSubject(one),
  // Beneath a fork the state knows no head; the store of a node does.
  visible: (expected) => ({
    ...expected,
    streams: expected.streams.map(({ digest, ...one }) =>
      one.state === 'forked' || digest === undefined ? one : { ...one, digest },
    ),
  }),
};

class CoreSubject implements Subject {
  readonly #pin: Pick<ConformanceCase, 'realm' | 'pin'>;
  /** What a store would hold, by place. */
  readonly #stored: Map<string, SignedDocument> = new Map();
  readonly #bundles: readonly string[];
  readonly #threshold: number | undefined;
  /** Lines about charters are kept by a client as long as it runs. */
  #charterLog: CharterLog | undefined;
  #state: TrustedState;
  #regions: RegionView | undefined;

  constructor(one: ConformanceCase) {
    this.#pin = one;
    this.#bundles = one.bundles;
    this.#threshold = one.requireRegions;
    this.#regions = this.#newRegions(0);
    this.#charterLog = this.#regions && new CharterLog(this.#regions);
    this.#state = emptyTrustedState(parseRealmName(one.realm), parseSha256(one.pin));
  }

  unfit(): string | undefined {
    return undefined;
  }

  async take(step: JudgedStep): Promise<Observed> {
    try {
      if ('envelope' in step) parseEnvelope(parseBase64(step.envelope));
      else if ('certificate' in step) requireCertificate(step);
      else if ('evidence' in step) return this.#evidence(step);
      else if (isRegionStep(step)) return this.#attest(step);
      else return this.#apply(step);
      return { outcome: 'accepted' };
    } catch (thrown) {
      if (!(thrown instanceof KedgeError)) throw thrown;
      return { outcome: thrown.code, message: thrown.message };
    }
  }

  async freshness(nowMs: number): ReturnType<Subject['freshness']> {
    const regions = this.#regions;
    const charter = currentCharter(this.#state)?.charter;
    if (regions === undefined || charter === undefined) return undefined;
    const { nowMs: judgedMs, verdict } = regions.read(nowMs);
    const window = { windowMs: 1000 * charter.clients.freshnessSeconds, nowMs: judgedMs };
    const streams = [CHARTER_STREAM, releaseStream(parseBundleName(this.#bundles[0] ?? ''))];
    const kinds = streams.map((stream) => regions.judge(stream, 'stale', window).kind);
    return { fresh: kinds.includes('stale') ? 'stale' : 'fresh', clock: verdict };
  }

  async restart(nowMs: number): Promise<void> {
    const floorMs = this.#regions?.floorMs ?? 0;
    this.#regions = this.#newRegions(nowMs);
    this.#regions?.restore(floorMs, nowMs);
    this.#charterLog = this.#regions && new CharterLog(this.#regions);
    const { realm, pin } = this.#pin;
    const at = (stream: string, sequence: number): { readonly document: SignedDocument }[] => {
      const document = this.#stored.get(`${stream} ${sequence}`);
      return document === undefined ? [] : [{ document }];
    };
    const { charters, streams } = this.#state;
    const heads = [...streams.values()].filter(({ stream }) => stream !== CHARTER_STREAM);
    this.#state = restoreTrustedState(
      { realm: parseRealmName(realm), firstCharterDigest: parseSha256(pin) },
      {
        charters,
        heads: heads.flatMap((stream) =>
          at(stream.stream, stream.kind === 'open' ? stream.head.sequence : stream.commonSequence),
        ),
        evidence: [...streams.values()].flatMap((one) =>
          one.kind === 'forked' ? [one.evidence] : [],
        ),
      },
    );
    this.#moved();
  }

  async snapshot(): Promise<string> {
    const { charters, streams } = this.#state;
    const lines = [
      ...charters.map(({ document }) => documentText(document)),
      ...[...streams.values()].map(({ stream, kind, head }) => {
        const held = head && documentText({ statement: head.statement, body: head.bodyBytes });
        return `${stream} ${kind} ${held ?? ''}`;
      }),
      ...[...streams.values()].flatMap((one) =>
        one.kind === 'forked' ? [evidenceText(one.evidence)] : [],
      ),
    ];
    return lines.join('\n');
  }

  async result(): Promise<SubjectResult> {
    const streams: StreamResult[] = [];
    const charter = currentCharter(this.#state);
    if (charter !== undefined && !this.#state.streams.has(CHARTER_STREAM)) {
      const { version: sequence, digest } = charter;
      streams.push({ stream: CHARTER_STREAM, state: 'open', sequence, digest });
    }
    for (const one of this.#state.streams.values()) {
      if (one.kind === 'forked') {
        streams.push(forkedResult(one.stream, one.commonSequence, one.evidence));
        continue;
      }
      const { sequence, digest, statement } = one.head;
      const replaces = one.head.kind === 'release' ? one.head.body.replaces : undefined;
      const signatures = statement.signatures.length;
      const open = { stream: one.stream, state: 'open', sequence, digest, signatures } as const;
      streams.push(replaces === undefined ? open : { ...open, replaces });
    }
    return {
      charterVersion: charter?.version ?? 0,
      root: new RowTree(rowsOf(this.#state).values()).root,
      streams: streams.toSorted((a, b) => (a.stream < b.stream ? -1 : 1)),
    };
  }

  reported(_code: ErrorCode): number | undefined {
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stored.clear();
  }

  #apply({ apply, mode, nowMs }: ApplyStep): Observed {
    const { chain, history, body } = decodeDocument(apply);
    const place = lastOf(chain);
    const held = this.#stored.get(`${place?.stream ?? ''} ${place?.sequence ?? 0}`)?.statement;
    const holdings = place?.kind === 'charter' ? this.#holdings(chain, body) : undefined;
    const named = [...this.#stored.values()].map(({ statement }) => statement);
    const recall = {
      named,
      ...(history && { history }),
      ...(held && { held }),
      ...(holdings && { holdings }),
    };
    const judgedMs = this.#regions?.read(nowMs).nowMs ?? nowMs;
    const result = acceptDocument(this.#state, { chain, body, mode, ...recall }, judgedMs);
    if (result.outcome === 'accepted') {
      this.#requireCosigned(place, chain.at(-1)?.payload);
      if (place?.kind === 'charter') this.#requireAttested(result.state.charters);
    }
    this.#state = result.state;
    this.#moved();
    if (result.outcome === 'accepted') {
      if (result.replaced !== undefined) this.#dropFallen();
      for (const document of result.documents) {
        const { stream, sequence } = parseStatement(document.statement.payload);
        this.#stored.set(`${stream} ${sequence}`, document);
      }
    }
    return { outcome: result.outcome };
  }

  /** What the store has of streams that a charter decides about, as that of a node would say. */
  #holdings(chain: Offer['chain'], body: Uint8Array): readonly Holding[] | undefined {
    const bare = { ...this.#state, streams: new Map() };
    try {
      const result = acceptDocument(bare, { chain, body, mode: 'linked' }, Number.MAX_SAFE_INTEGER);
      if (result.outcome !== 'accepted') return undefined;
      if (result.replaced !== undefined) return this.#standing(result.state.charters);
      const touched = touchedBy({ ...result.state, streams: this.#state.streams });
      return [...touched].map(([stream, { of, at }]) => {
        const newest = this.#newest(stream, at);
        return newest === undefined ? { of } : { of, newest };
      });
    } catch (thrown) {
      if (thrown instanceof KedgeError) return undefined;
      throw thrown;
    }
  }

  /** What fell with charters is in no store any more (RV-5). */
  #dropFallen(): void {
    const rows = rowsOf(this.#state);
    for (const [place, { statement }] of this.#stored) {
      const { stream, sequence } = parseStatement(statement.payload);
      if (sequence > (rows.get(stream)?.sequence ?? 0)) this.#stored.delete(place);
    }
  }

  /** Of every stream what is valid under other charters, from its beginning on (RV-5). */
  #standing(charters: TrustedState['charters']): readonly Holding[] {
    const next = { ...this.#state, charters };
    return [...this.#state.streams.values()].map((of) => {
      let newest: SignedDocument | undefined;
      const held = of.kind === 'forked' ? of.heldSequence : of.head.sequence;
      for (let place = 1; place <= held; place += 1) {
        const document = this.#stored.get(`${of.stream} ${String(place)}`);
        if (document === undefined || !isGoodHistory(next, document.statement)) break;
        newest = document;
      }
      return newest === undefined ? { of } : { of, newest };
    });
  }

  #newest(stream: string, { sequence, digest }: Resolution): SignedDocument | undefined {
    const at = (place: number): SignedDocument | undefined =>
      this.#stored.get(`${stream} ${String(place)}`);
    const digestAt = (place: number): string => sha256(at(place)?.statement.payload ?? NOTHING);
    if (digestAt(sequence) !== digest) return at(sequence - 1);
    let place: number = sequence;
    for (let next = at(place + 1); next !== undefined; next = at(place + 1)) {
      if (parseStatement(next.statement.payload).previous !== digestAt(place)) break;
      place += 1;
    }
    return at(place);
  }

  #newRegions(localMs: number): RegionView | undefined {
    const threshold = this.#threshold;
    if (threshold === undefined) return undefined;
    return new RegionView({ realm: parseRealmName(this.#pin.realm), threshold, localMs });
  }

  /** Errors: `QUORUM`, `POLICY`. */
  #requireCosigned(place: Statement | undefined, payload: Uint8Array = NOTHING): void {
    if (place?.kind !== 'release') return;
    const { stream, sequence, digest } = place;
    this.#regions?.requireCosigned({ stream, sequence, digest, payload });
  }

  /** Errors: `QUORUM`, `PROOF`. */
  #requireAttested(charters: TrustedState['charters']): void {
    const held = this.#state.charters;
    const apart = held.findIndex(({ digest }, at) => charters[at]?.digest !== digest);
    const inUse = apart < 0 ? held.length : apart;
    const faulty = this.#regions?.faulty ?? new Set();
    this.#charterLog?.requireAttested({ charters, inUse, faulty });
  }

  /** What is held now, by stream that is followed. */
  #held(): ReadonlyMap<StreamName, HeldHead | undefined> {
    const held = new Map<StreamName, HeldHead | undefined>();
    const charter = currentCharter(this.#state);
    held.set(CHARTER_STREAM, charter && heldAt(CHARTER_STREAM, charter.version, charter.digest));
    for (const bundle of this.#bundles) {
      const stream = releaseStream(parseBundleName(bundle));
      const head = headOf(this.#state, stream);
      held.set(stream, head && heldAt(stream, head.sequence, head.digest));
    }
    return held;
  }

  #moved(): void {
    this.#regions?.govern(this.#state.charters);
    for (const head of this.#held().values()) if (head !== undefined) this.#regions?.moved(head);
  }

  #attest(step: RegionStep): Observed {
    const regions = this.#regions;
    if (regions === undefined) return { outcome: 'held' };
    if ('split' in step) {
      return { outcome: regions.takeSplit(decodePair(step)) === 'new' ? 'accepted' : 'held' };
    }
    if ('cosigned' in step) this.#charterLog?.take(decodeLeaf(step), this.#state.charters);
    const news =
      'cosigned' in step
        ? regions.takeCosigned(decodeLeaf(step))
        : regions.takeHeartbeat(decodeRows(step), this.#held(), step.nowMs);
    return { outcome: news === 'new' ? 'accepted' : 'held' };
  }

  #evidence({ evidence }: EvidenceStep): Observed {
    const held = this.#stored.get(`${evidence.stream} ${evidence.sequence}`)?.statement;
    const recall = held === undefined ? {} : { held };
    const { outcome, state } = acceptEvidence(this.#state, decodeEvidence(evidence), recall);
    this.#state = state;
    return { outcome };
  }
}

function heldAt(stream: StreamName, sequence: number, digest: Sha256): HeldHead {
  return { stream, sequence, digest };
}

/** Reads a certificate file as an admin's tool does. */
function requireCertificate({ certificate, refusedBy = [], nowMs }: CertificateStep): void {
  const rules = parseCertificateFile(parseBase64(certificate)).flatMap((facts) =>
    admitAnchor(facts, { nowMs, existing: [] })
      .filter(({ severity }) => severity === 'refuse')
      .map(({ rule }) => rule),
  );
  if (rules.join() !== refusedBy.join()) throw new Error(`admission said ${rules.join()}`);
}

function documentText({ statement, body }: SignedDocument): string {
  return `${statementText(statement)} ${encodeHex(body)}`;
}
