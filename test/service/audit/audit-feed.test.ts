/**
 * The audit of a node over a store that crashes and fails: what is accepted is noted once, whatever
 * happens in between, and no entry is ever taken back.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { readAuditCheckpoint } from '../../../src/core/audit/checkpoint.ts';
import { type AuditEntry, parseAuditEntry } from '../../../src/core/audit/entry.ts';
import { auditSigners } from '../../../src/core/audit/signers.ts';
import { verifyAuditLog } from '../../../src/core/audit/verify.ts';
import { KedgeError } from '../../../src/core/errors.ts';
import {
  CHARTER_STREAM,
  parseNodeId,
  parseSequence,
  parseSignerId,
} from '../../../src/core/ids.ts';
import { verifyConsistency } from '../../../src/core/log/proof.ts';
import { acceptDocument, acceptEvidence } from '../../../src/core/trusted/accept.ts';
import { emptyTrustedState, type TrustedState } from '../../../src/core/trusted/state.ts';
import type { AuditStore } from '../../../src/ports/audit-store.ts';
import { noLogger } from '../../../src/ports/logger.ts';
import { noMetrics } from '../../../src/ports/metrics.ts';
import type { Store, StoredDocument } from '../../../src/ports/store.ts';
import { AuditFeed } from '../../../src/service/audit/audit-feed.ts';
import { AuditLog } from '../../../src/service/audit/audit-log.ts';
import { AuditQueries } from '../../../src/service/audit/audit-queries.ts';
import { DocumentStore } from '../../../src/storage/document-store.ts';
import type { Put, RangeQuery } from '../../../src/storage/key-value.ts';
import { MemoryKeyValue } from '../../../src/storage/memory-key-value.ts';
import { addActive, createTestAnchors } from '../../../src/testing/anchors.ts';
import { createTestRealm, type TestDocument, type TestRealm } from '../../../src/testing/realm.ts';
import { SimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { evidenceOf } from '../../../src/testing/watch-messages.ts';
import { type BranchedCharter, Branches } from '../support/branches.ts';

const BUNDLE = 'payments.test.example.org';
const NODE = parseNodeId('iad-1');
const STORE_ID = '0'.repeat(32);

describe('AuditFeed', () => {
  let realm: TestRealm;
  let entries: JournalledKeyValue;
  let clock: SimulatedClock;

  beforeEach(() => {
    realm = createTestRealm();
    entries = new JournalledKeyValue();
    clock = new SimulatedClock();
  });

  it('notes what was accepted with who signed it and who brought it', async () => {
    await using node = await start(entries);
    const by = 'spiffe://test.example.org/admin/ana';
    await accept(node, realm.charter, 'submit', by);
    const release = publish();
    await accept(node, release, parseNodeId('fra-1'));
    const [started, charter, second] = await listed(node);
    expect(started).toMatchObject({ what: 'node-started' });
    expect(charter).toMatchObject({
      what: 'accepted',
      stream: CHARTER_STREAM,
      sequence: 1,
      digest: realm.charter.digest,
      via: 'admin',
      by,
    });
    expect(second).toMatchObject({ stream: release.stream, via: 'peer', by: 'fra-1' });
    const signers = second?.signers?.map(({ id }) => id);
    expect(signers).toEqual(realm.signers.slice(0, signers?.length).map(({ id }) => id));
    expect(signers?.length).toBeGreaterThan(1);
  });

  it('notes after a crash at any write what was accepted, and takes nothing back', async () => {
    await using node = await start(entries);
    await accept(node, realm.charter, 'submit');
    for (let count = 0; count < 4; count += 1) {
      await accept(node, publish(), 'submit');
      if (count % 2 === 1) await listed(node);
    }
    await listed(node);
    for (let written = 1; written <= entries.writes.length; written += 1) {
      const before = await contentOf(entries.after(written));
      const restarted = entries.after(written);
      await using again = await start(restarted);
      const accepted = (await listed(again)).filter(({ what }) => what === 'accepted');
      const heads = await again.store.streams();
      const expected = heads.flatMap(({ stream, sequence }) =>
        Array.from({ length: sequence }, (_, at) => `${stream} ${String(at + 1)}`),
      );
      const noted = accepted.map(({ stream, sequence }) => `${stream ?? ''} ${String(sequence)}`);
      expect(noted.toSorted()).toEqual(expected.toSorted());
      const { checkpoint: head } = readAuditCheckpoint(again.log.checkpoint());
      const proof =
        before.size === 0
          ? []
          : await again.queries.proof({ kind: 'consistency', from: before.size, size: head.size });
      verifyConsistency(before, head, proof);
    }
  });

  it('reads nothing for a statement that directly follows what is noted', async () => {
    await using node = await start(entries);
    await accept(node, realm.charter, 'submit');
    await accept(node, publish(), 'submit');
    await listed(node);
    const { reads } = entries;
    const release = publish();
    await accept(node, release, parseNodeId('fra-1'));
    await node.feed.idle();
    expect(entries.reads - reads).toBe(0);
    expect((await listed(node)).at(-1)).toMatchObject({ digest: release.digest, by: 'fra-1' });
  });

  it('notes a fork, and that the charter settled it', async () => {
    await using node = await start(entries);
    await accept(node, realm.charter, 'submit');
    const base = publish();
    await accept(node, base, 'submit');
    const after = { after: base };
    const [ours, theirs] = ['ours', 'theirs'].map((note) =>
      realm.nextRelease(BUNDLE, (body) => ({ ...body, note }), after),
    );
    if (ours === undefined || theirs === undefined) throw new Error('unreachable');
    const evidence = evidenceOf(ours, theirs);
    await node.store.append({ documents: [], blobs: [], evidence });
    const forked = acceptEvidence(stateAt(base), evidence).state;
    node.feed.moved(forked, [base.stream]);
    const digests = [ours.digest, theirs.digest].toSorted();
    const facts = { stream: base.stream, digest: digests[0], other: digests[1] };
    expect((await listed(node)).at(-1)).toMatchObject({ what: 'forked', sequence: 2, ...facts });
    node.feed.moved(forked, [base.stream]);
    const charter = realm.nextCharter((before) => ({
      ...before,
      resolutions: [{ stream: base.stream, sequence: ours.sequence, digest: ours.digest }],
    }));
    const { stream, sequence, digest } = base;
    const settled = [{ stream, sequence, digest }];
    const documents = [{ ...charter, document: charter.document }];
    await node.store.append({ documents, blobs: [], settled });
    const offer = { chain: [charter.document.statement], body: charter.document.body };
    const { state } = acceptDocument(forked, { ...offer, mode: 'linked' }, clock.nowMs());
    node.feed.moved(state, [CHARTER_STREAM, stream]);
    const [decided, open] = (await listed(node)).slice(-2);
    expect(decided).toMatchObject({ what: 'accepted', stream: CHARTER_STREAM, sequence: 2 });
    expect(open).toMatchObject({ what: 'settled', stream, sequence: 1, digest });
  });

  it('notes a charter that took the place of others, and that the stream went back', async () => {
    const branches = new Branches(clock.nowMs());
    const second = branches.stolen(branches.root, 'two');
    const third = branches.stolen(second, 'three');
    const recovered = branches.recovered(branches.root, 1);
    const stored = ({ document, digest, state }: BranchedCharter): StoredDocument => {
      const sequence = parseSequence(state.charters.length);
      return { stream: CHARTER_STREAM, sequence, digest, document };
    };
    await using node = await start(entries);
    const stolen = [branches.root, second, third].map(stored);
    await node.store.append({ documents: stolen, blobs: [] });
    node.feed.moved(third.state, [CHARTER_STREAM]);
    expect((await listed(node)).at(-1)).toMatchObject({ what: 'accepted', sequence: 3 });
    const { digest } = branches.root;
    const replaced = { stream: CHARTER_STREAM, sequence: 1, digest };
    await node.store.append({ documents: [stored(recovered)], blobs: [], replaced });
    node.feed.moved(recovered.state, [CHARTER_STREAM]);
    const place = { stream: CHARTER_STREAM, sequence: 2, digest: recovered.digest };
    expect((await listed(node)).slice(-2)).toMatchObject([
      { what: 'accepted', ...place },
      { what: 'settled', ...place },
    ]);
    node.feed.moved(recovered.state, [CHARTER_STREAM]);
    expect(await listed(node)).toHaveLength(6);
  });

  it('notes who proposes, approves and withdraws, and what was refused', async () => {
    await using node = await start(entries);
    await accept(node, realm.charter, 'submit');
    await listed(node);
    const { stream, sequence, digest, document } = publish();
    const place = { stream, sequence, digest };
    const { statement } = document;
    const kinds = { kind: 'proposal', signers: [], statement, ...place } as const;
    const [ana, fra] = [
      { via: 'admin', by: 'dns:ana' },
      { via: 'peer', by: 'fra-1' },
    ] as const;
    node.feed.noticed({ ...kinds, what: 'opened', brought: ana });
    node.feed.noticed({ ...kinds, what: 'signed', brought: fra });
    const by = parseSignerId('ben');
    const ended = { ...place, end: 'withdrawn', signers: [by], by } as const;
    node.feed.noticed({ kind: 'proposal-ended', ended, brought: fra });
    node.feed.noticed({ kind: 'proposal-ended', ended: { ...ended, end: 'expired' } });
    const refusal = new KedgeError('POLICY', 'outside of the window');
    const asked = node.feed.proposals.asking('dns:eve', statement, () => Promise.reject(refusal));
    await expect(asked).rejects.toThrow('outside');
    const signers = auditSigners(realm.trustedState().charters, statement);
    expect((await listed(node)).slice(-4)).toEqual([
      expect.objectContaining({ what: 'proposed', ...place, signers, ...ana }),
      expect.objectContaining({ what: 'approved', ...place, signers, ...fra }),
      expect.objectContaining({ what: 'withdrawn', reason: 'by the signer ben', ...fra }),
      expect.objectContaining({ what: 'refused', code: 'POLICY', ...place, by: 'dns:eve' }),
    ]);
  });

  it('notes a gate that signers passed, after the release that says so', async () => {
    await using node = await start(entries);
    await accept(node, realm.charter, 'submit');
    await accept(node, publish(), 'submit');
    const note = 'rotation from "a" to "b": retire; override unused: ticket 4711 (1 program)';
    const release = realm.nextRelease(BUNDLE, (body) => ({ ...body, note }));
    await accept(node, release, 'submit');
    const [accepted, passed] = (await listed(node)).slice(-2);
    const { stream, sequence, digest } = release;
    expect(accepted).toMatchObject({ what: 'accepted', sequence: 2 });
    const reason = 'override unused: ticket 4711 (1 program)';
    expect(passed).toMatchObject({ what: 'override', stream, sequence, digest, reason });
    expect(passed?.signers).toEqual(accepted?.signers);
  });

  it('writes the same again when the disk refused, and counts what had no room', async () => {
    await using node = await start(entries);
    await node.log.flush();
    entries.refuse = true;
    for (let at = 0; at < 5_000; at += 1) node.feed.note({ what: 'override', via: 'node' });
    await node.log.flush();
    expect(node.log.durable.tree.size).toBe(1);
    entries.refuse = false;
    await clock.advanceAsync(10_000);
    const all = await listed(node);
    const lost = all.find(({ what }) => what === 'lost');
    const kept = all.filter(({ what }) => what === 'override').length;
    expect(kept + (lost?.count ?? 0)).toBe(5_000);
    expect(await contentOf(entries)).toMatchObject({ size: all.length });
  });

  it('notes who was refused and why, and of a flood how large it was', async () => {
    await using node = await start(entries);
    const submit = async (): Promise<never> =>
      Promise.reject(new KedgeError('THRESHOLD', 'too few signers'));
    for (let at = 0; at < 50; at += 1) {
      await expect(
        node.feed.submitting('dns:eve', realm.charter.document, submit),
      ).rejects.toThrow();
    }
    await clock.advanceAsync(16 * 60_000);
    const refused = (await listed(node)).filter(({ what }) => what === 'refused');
    expect(refused).toHaveLength(6);
    expect(refused[0]).toMatchObject({
      by: 'dns:eve',
      code: 'THRESHOLD',
      reason: 'too few signers',
      stream: CHARTER_STREAM,
      digest: realm.charter.digest,
    });
    expect(refused.at(-1)).toMatchObject({ by: 'dns:eve', code: 'THRESHOLD', count: 45 });
  });

  it('removes the oldest entries when there are too many, and proves the rest', async () => {
    await using node = await start(entries, 20_000);
    for (let at = 0; at < 1_000; at += 1) {
      node.feed.note({ what: 'override', via: 'node', reason: `number ${String(at)}` });
    }
    await node.log.flush();
    node.feed.note({ what: 'override', via: 'node' });
    await node.log.flush();
    const { first, bytes, tree } = node.log.durable;
    expect(first).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(20_000);
    const kept = await node.store.audit.entries(0, tree.size);
    expect(kept[0]?.index).toBe(first);
    expect(kept.reduce((sum, entry) => sum + entry.bytes.length, 0)).toBe(bytes);
    const peaks = await node.queries.proof({ kind: 'peaks', size: first });
    const { checkpoint } = readAuditCheckpoint(node.log.checkpoint());
    verifyAuditLog(checkpoint, { first, peaks, entries: kept.map((entry) => entry.bytes) });
  });

  it('lists by stream, kind and time, in pages from either end', async () => {
    await using node = await start(entries);
    for (let at = 0; at < 30; at += 1) {
      clock.advance(1_000);
      node.feed.note({ what: at % 3 === 0 ? 'approved' : 'proposed', via: 'node', count: at });
    }
    const countsOf = async (
      query: Partial<Parameters<AuditQueries['list']>[0]>,
    ): Promise<readonly (number | undefined)[]> =>
      (await pages(node, { order: 'oldest-first', limit: 4, kinds: ['approved'], ...query })).map(
        ({ count }) => count,
      );
    const approved = [0, 3, 6, 9, 12, 15, 18, 21, 24, 27];
    expect(await countsOf({})).toEqual(approved);
    expect(await countsOf({ order: 'newest-first' })).toEqual(approved.toReversed());
    const sinceMs = clock.nowMs() - 5_000;
    expect(await countsOf({ sinceMs })).toEqual([24, 27]);
    expect(await countsOf({ sinceMs, order: 'newest-first' })).toEqual([27, 24]);
    expect(await countsOf({ stream: CHARTER_STREAM })).toEqual([]);
  });

  interface TestAudit extends AsyncDisposable {
    readonly store: Store;
    readonly log: AuditLog;
    readonly feed: AuditFeed;
    readonly queries: AuditQueries;
  }

  async function start(over: MemoryKeyValue, maxBytes = 1_000_000): Promise<TestAudit> {
    const store = await DocumentStore.open(STORE_ID, over);
    const log = await AuditLog.open({ ...parts(store.audit), maxBytes });
    const state = realm.trustedState();
    const feed = new AuditFeed({ log, store, state, clock, logger: noLogger });
    feed.start();
    const queries = new AuditQueries({ log, feed, store: store.audit });
    const close = async (): Promise<void> => {
      await feed[Symbol.asyncDispose]();
      await log[Symbol.asyncDispose]();
    };
    return { store, log, feed, queries, [Symbol.asyncDispose]: close };
  }

  function parts(store: AuditStore): Omit<Parameters<typeof AuditLog.open>[0], 'maxBytes'> {
    const { name } = realm;
    return { realm: name, node: NODE, store, clock, logger: noLogger, metrics: noMetrics };
  }

  /** The state of whoever holds this release and none of what came after. */
  function stateAt({ document, stream }: TestDocument): TrustedState {
    const { charters } = realm.trustedState();
    const of = emptyTrustedState(realm.name, realm.firstCharterDigest);
    const offers = [...charters.map((one) => one.document), document];
    expect(stream).not.toBe(CHARTER_STREAM);
    return offers.reduce((state, { statement, body }) => {
      const offer = { chain: [statement], body, mode: 'linked' } as const;
      return acceptDocument(state, offer, clock.nowMs()).state;
    }, of);
  }

  function publish(): ReturnType<TestRealm['nextRelease']> {
    const anchors = createTestAnchors(1);
    const isFirst = realm.releases(BUNDLE).length === 0;
    return realm.nextRelease(BUNDLE, isFirst ? addActive(...anchors) : (body) => body);
  }

  async function accept(
    { store, feed }: TestAudit,
    { stream, sequence, digest, document }: TestDocument,
    from: Parameters<AuditFeed['taken']>[1],
    by = 'dns:ana',
  ): Promise<void> {
    const batch = { documents: [{ stream, sequence, digest, document }], blobs: [] };
    await feed.submitting(by, document, async () => {
      feed.taken(batch, from);
      await store.append(batch);
      return { stream, sequence: parseSequence(sequence), digest, novelty: 'new' };
    });
    feed.moved(realm.trustedState(), [stream]);
  }

  async function listed(node: TestAudit): Promise<readonly AuditEntry[]> {
    return await pages(node, { order: 'oldest-first', limit: 250, kinds: [] });
  }

  async function pages(
    { queries }: TestAudit,
    query: Parameters<AuditQueries['list']>[0],
  ): Promise<readonly AuditEntry[]> {
    const all: AuditEntry[] = [];
    for (let start: number | undefined = query.start; ; ) {
      const page = await queries.list({ ...query, ...(start !== undefined && { start }) });
      all.push(...page.items.map(({ bytes }) => parseAuditEntry(bytes)));
      if (page.next === undefined) return all;
      start = page.next;
    }
  }

  async function contentOf(
    over: MemoryKeyValue,
  ): Promise<ReturnType<typeof readAuditCheckpoint>['checkpoint']> {
    const store = await DocumentStore.open(STORE_ID, over);
    const log = await AuditLog.open({ ...parts(store.audit), maxBytes: 1 });
    return readAuditCheckpoint(log.checkpoint()).checkpoint;
  }
});

/** Remembers every write, so that a test can start from what was there after any of them. */
class JournalledKeyValue extends MemoryKeyValue {
  readonly writes: { readonly puts: readonly Put[]; readonly removed: readonly string[] }[] = [];
  refuse = false;
  reads = 0;

  override async get(key: string): Promise<Uint8Array | undefined> {
    this.reads += 1;
    return await super.get(key);
  }

  override async range(query: RangeQuery): Promise<readonly Put[]> {
    this.reads += 1;
    return await super.range(query);
  }

  override async write(puts: readonly Put[], removed: readonly string[] = []): Promise<void> {
    if (this.refuse) throw new KedgeError('STORE', 'the disk is full');
    this.writes.push({ puts, removed });
    await super.write(puts, removed);
  }

  after(count: number): MemoryKeyValue {
    const copy = new MemoryKeyValue();
    for (const { puts, removed } of this.writes.slice(0, count)) void copy.write(puts, removed);
    return copy;
  }
}
