/**
 * Claim `sdk`: what the SDK costs a program: loading it, its memory, and taking in a release of a
 * bundle of 140 anchors until the next handshake can use it.
 *
 * Loading and memory are those of whole processes, the median of several with and without the SDK
 * in turn. Taking in is what happens on each change: rebuild the body from the delta, verify it and
 * its signatures, make the bundle, make a secure context.
 *
 * @module
 */
import { execFile } from 'node:child_process';
import { createSecureContext } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { addRoots, PUBLIC_WEB, publicRoots } from '../demo/bundles.ts';
import { makeCa } from '../demo/certificates.ts';
import { makeBundle } from '../src/client/bundle.ts';
import { sha256 } from '../src/core/crypto.ts';
import { type AnchorId, releaseStream } from '../src/core/ids.ts';
import { applyPatch, diffBodies } from '../src/core/releases/delta.ts';
import type { SignedDocument } from '../src/core/statements/envelope.ts';
import { acceptDocument } from '../src/core/trusted/accept.ts';
import { emptyTrustedState, headOf, type TrustedState } from '../src/core/trusted/state.ts';
import { createTestRealm } from '../src/testing/realm.ts';
import { atMost, type Claim, type Measurement, median, percentile, rounded } from './claim.ts';

const PROBE = fileURLToPath(new URL('./sdk-probe.js', import.meta.url));
const PROCESSES = 9;
const ANCHORS = 140;
const RELEASES = 30;
const IMPORT_MAX_MS = 150;
const MEMORY_MAX_MB = 30;
const MEGABYTE = 1024 * 1024;

const probeSchema = z.object({ importMs: z.number(), rssBytes: z.number() });
const run = promisify(execFile);

/** The claim. */
export const sdk: Claim = {
  name: 'sdk',
  summary: 'import time and memory of the SDK; verify, rebuild and swap a bundle of 140 anchors',
  measure,
};

async function measure(): Promise<Measurement> {
  const loading = await measureLoading();
  const taking = measureTaking();
  return {
    figures: { ...loading, ...taking },
    bars: [
      atMost('importMsMedian', loading.importMsMedian, IMPORT_MAX_MS),
      atMost('addedMemoryMb', loading.addedMemoryMb, MEMORY_MAX_MB),
    ],
  };
}

async function measureLoading(): Promise<{
  readonly importMsMedian: number;
  readonly bareMemoryMb: number;
  readonly addedMemoryMb: number;
  readonly addedMemoryWithSourceMb: number;
}> {
  const bare: number[] = [];
  const loaded: number[] = [];
  const open: number[] = [];
  const importMs: number[] = [];
  for (let i = 0; i < PROCESSES; i += 1) {
    bare.push((await probe('bare')).rssBytes / MEGABYTE);
    const withSdk = await probe('sdk');
    loaded.push(withSdk.rssBytes / MEGABYTE);
    importMs.push(withSdk.importMs);
    open.push((await probe('open')).rssBytes / MEGABYTE);
  }
  return {
    importMsMedian: rounded(median(importMs)),
    bareMemoryMb: rounded(median(bare)),
    addedMemoryMb: rounded(median(loaded) - median(bare)),
    addedMemoryWithSourceMb: rounded(median(open) - median(bare)),
  };
}

async function probe(kind: 'bare' | 'sdk' | 'open'): Promise<z.infer<typeof probeSchema>> {
  const { stdout } = await run(process.execPath, [PROBE, kind]);
  return probeSchema.parse(JSON.parse(stdout));
}

/** Takes in one release after the other, each with one more anchor. */
function measureTaking(): Readonly<Record<string, number>> {
  const realm = createTestRealm({ realm: 'bench.kedge.test', threshold: 2, now: Date.now });
  const blobs = new Map<AnchorId, Uint8Array>();
  const start = emptyTrustedState(realm.name, realm.firstCharterDigest);
  let state = accept(start, realm.charter.document);
  const roots = publicRoots().slice(0, ANCHORS);
  for (const { id, der } of roots) blobs.set(id, der);
  state = accept(state, realm.nextRelease(PUBLIC_WEB, addRoots(roots).edit).document);
  const verifyMs: number[] = [];
  const swapMs: number[] = [];
  const heapBefore = process.memoryUsage().heapUsed;
  for (let i = 0; i < RELEASES; i += 1) {
    const { facts } = makeCa(`CA ${String(i)}`);
    blobs.set(facts.id, facts.der);
    const base = headOf(state, releaseStream(PUBLIC_WEB))?.bodyBytes ?? new Uint8Array();
    const next = realm.nextRelease(PUBLIC_WEB, addRoots([facts]).edit).document;
    const patch = diffBodies(base, next.body);
    const startMs = performance.now();
    const body = applyPatch(base, patch);
    if (sha256(body) !== sha256(next.body)) throw new Error('the rebuilt body differs');
    state = accept(state, { statement: next.statement, body });
    verifyMs.push(performance.now() - startMs);
    const verifiedMs = performance.now();
    swap(state, blobs);
    swapMs.push(performance.now() - verifiedMs);
  }
  return {
    anchors: ANCHORS,
    releases: RELEASES,
    verifyMsMedian: rounded(median(verifyMs)),
    verifyMsP95: rounded(percentile(verifyMs, 0.95)),
    swapMsMedian: rounded(median(swapMs)),
    swapMsP95: rounded(percentile(swapMs, 0.95)),
    heapGrowthMb: rounded((process.memoryUsage().heapUsed - heapBefore) / MEGABYTE),
  };
}

function accept(state: TrustedState, { statement, body }: SignedDocument): TrustedState {
  const offer = { chain: [statement], body, mode: 'linked' } as const;
  const result = acceptDocument(state, offer, Date.now());
  if (result.outcome !== 'accepted') throw new Error(`a good document was ${result.outcome}`);
  return result.state;
}

/** What a change of trust costs at the end: the bundle and a context for new handshakes. */
function swap(state: TrustedState, blobs: ReadonlyMap<AnchorId, Uint8Array>): void {
  const head = headOf(state, releaseStream(PUBLIC_WEB));
  if (head === undefined) throw new Error('no release was accepted');
  const bundle = makeBundle(state.realm, head, blobs);
  createSecureContext({ ca: [...bundle.caPems('tls-server')] });
}
