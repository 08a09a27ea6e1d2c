/**
 * Programs of three regions, and revocations while a canary of 5 % is under way.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { makeCa, makeLeaf, saveLeaf } from '../../demo/certificates.ts';
import { type Cluster, REGIONS } from '../../demo/cluster.ts';
import type { AdminClient } from '../../src/client/admin-client.ts';
import { type BundleName, parseBundleName } from '../../src/core/ids.ts';
import { addAnchor, deliveredAtOnce, revokeAnchor } from '../../src/core/releases/edit.ts';
import { startProcess, type TestProcess } from '../../src/testing/processes.ts';
import type { TestRelease } from '../../src/testing/realm.ts';
import { processorMs } from '../process-stats.ts';
import { programLineSchema, type RegionSetup, sharedNowMs } from './messages.ts';

const BUNDLE: BundleName = parseBundleName('revoked.kedge.test');
const PROGRAMS_PER_REGION = 100;
const SERVERS_PER_REGION = 10;
const CANARY_PERCENT = 5;
const PURPOSES = ['tls-client', 'tls-server'];
const HOUR_SECONDS = 3600;
const WITHIN_MS = 120_000;
const POLL_EVERY_MS = 5;
/** What is going on after a release has nothing to do with the next one. */
const CALM_MS = 1500;

type Ca = ReturnType<typeof makeCa>;

/** The programs, and what they said. */
export class Revocations implements AsyncDisposable {
  readonly usedMs: number[] = [];
  readonly refusedMs: number[] = [];
  /** Processor time of all nodes and programs, of each revocation. */
  readonly processorMs: number[] = [];
  canaries = 0;
  readonly programs: number = PROGRAMS_PER_REGION * REGIONS.length;
  readonly #cluster: Cluster;
  readonly #admins: readonly AdminClient[];
  readonly #victims: readonly Ca[];
  readonly #regions: TestProcess[] = [];
  /** By region and program: the newest release and since when. */
  readonly #uses: Map<string, { readonly sequence: number; readonly atMs: number }> = new Map();
  readonly #refused: Map<number, number[]> = new Map();
  #answered = 0;
  #newest: TestRelease | undefined;

  private constructor(cluster: Cluster, admins: readonly AdminClient[], victims: readonly Ca[]) {
    this.#cluster = cluster;
    this.#admins = admins;
    this.#victims = victims;
  }

  /** Starts the programs and waits until all use the first release. */
  static async start(
    cluster: Cluster,
    admins: readonly AdminClient[],
    rounds: number,
  ): Promise<Revocations> {
    const victims = Array.from({ length: rounds }, (_, index) => makeCa(`victim ${String(index)}`));
    const made = new Revocations(cluster, admins, victims);
    const kept = makeCa('kept');
    await made.#publish([kept, ...victims], { delivery: 'at-once', at: 0 });
    await made.#startPrograms(kept);
    await made.#until('the programs', () => made.#using(1) === made.programs);
    return made;
  }

  /** One revocation during a canary. */
  async revoke(round: number): Promise<void> {
    const victim = this.#victims[round];
    const from = this.#newest;
    if (victim === undefined || from === undefined) throw new Error('no such round');
    const to = await this.#publish([makeCa(`round ${String(round)}`)], {
      delivery: 'waves',
      at: 0,
    });
    await this.#roll(from, to);
    await sleep(CALM_MS);
    const canaries = this.#using(to.sequence);
    if (canaries === 0 || canaries === this.programs) throw new Error(`${canaries} are canaries`);
    this.canaries += canaries;
    const release = this.#cluster.realm.nextRelease(BUNDLE, (body, point) =>
      deliveredAtOnce(revokeAnchor(body, victim.facts.id, point)),
    );
    const processorBeforeMs = this.#processorMs();
    const submittedMs = sharedNowMs();
    await this.#admin(round).submit({ document: release.document, blobs: [] });
    this.#newest = release;
    const servers = SERVERS_PER_REGION * REGIONS.length;
    await this.#until('all to use it', () => this.#using(release.sequence) === this.programs);
    await this.#until('refusals', () => (this.#refused.get(round)?.length ?? 0) === servers);
    this.processorMs.push(this.#processorMs() - processorBeforeMs);
    if (this.#answered > 0) throw new Error('a revoked leaf was answered');
    for (const { atMs } of this.#uses.values()) this.usedMs.push(atMs - submittedMs);
    for (const atMs of this.#refused.get(round) ?? []) this.refusedMs.push(atMs - submittedMs);
    await sleep(CALM_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#regions.map((region) => region.kill()));
  }

  async #startPrograms(kept: Ca): Promise<void> {
    const { folder, realm } = this.#cluster;
    const save = async (issuer: Ca, name: string) =>
      await saveLeaf(
        folder,
        name,
        makeLeaf(issuer, { commonName: name, uri: `spiffe://x/${name}` }),
      );
    const server = await save(kept, 'server');
    const victims = await Promise.all(
      this.#victims.map(async (ca, index) => ({
        id: ca.facts.id,
        ...(await save(ca, `leaf-${String(index)}`)),
      })),
    );
    for (const region of REGIONS) {
      const links: RegionSetup['links'][number][] = [];
      let first: { readonly caFile: string; readonly serverName: string } | undefined;
      for (let index = 0; index < PROGRAMS_PER_REGION; index += 1) {
        const files = await this.#cluster.linkFiles('client', `${region}-${String(index)}`);
        first ??= files;
        links.push({ certFile: files.certFile, keyFile: files.keyFile });
      }
      const setup: RegionSetup = {
        realm: realm.name,
        firstCharterDigest: realm.firstCharterDigest,
        bundle: BUNDLE,
        endpoints: this.#cluster.endpoints(region),
        caFile: first?.caFile ?? '',
        serverName: first?.serverName ?? '',
        links,
        server,
        victims,
      };
      const script = fileURLToPath(new URL('./region.js', import.meta.url));
      const child = await startProcess({ argv: [script, JSON.stringify(setup)], name: region });
      child.onLine((line) => this.#hear(region, line));
      this.#regions.push(child);
    }
  }

  #hear(region: string, line: string): void {
    if (!line.startsWith('{')) return;
    const said = programLineSchema.parse(JSON.parse(line));
    switch (said.kind) {
      case 'uses': {
        const { sequence, atMs } = said;
        this.#uses.set(`${region} ${String(said.program)}`, { sequence, atMs });
        return;
      }
      case 'refused': {
        const known = this.#refused.get(said.victim);
        if (known === undefined) this.#refused.set(said.victim, [said.atMs]);
        else known.push(said.atMs);
        return;
      }
      case 'answered':
        this.#answered += 1;
        return;
    }
  }

  #processorMs(): number {
    const nodes = this.#cluster.nodes.map(({ pid }) => pid ?? 0);
    const all = [...nodes, ...this.#regions.map(({ pid }) => pid)];
    return all.reduce((sum, pid) => sum + processorMs(pid), 0);
  }

  #using(least: number): number {
    return [...this.#uses.values()].filter(({ sequence }) => sequence >= least).length;
  }

  async #publish(
    added: readonly Ca[],
    { delivery, at }: { readonly delivery: 'waves' | 'at-once'; readonly at: number },
  ): Promise<TestRelease> {
    const release = this.#cluster.realm.nextRelease(BUNDLE, (body, point) => {
      const next = added.reduce((content, { facts }) => {
        const anchor = { id: facts.id, label: facts.id.slice(0, 8), purposes: PURPOSES };
        return addAnchor(content, anchor, 'active', point);
      }, body);
      return delivery === 'waves' ? { ...next, delivery } : deliveredAtOnce(next);
    });
    const blobs = added.map(({ der }) => der);
    await this.#admin(at).submit({ document: release.document, blobs });
    this.#newest = release;
    return release;
  }

  async #roll(from: TestRelease, to: TestRelease): Promise<void> {
    const gates = { minReporters: 1, loadedPercent: 90, maxFailures: 0, soakSeconds: HOUR_SECONDS };
    const { document } = this.#cluster.realm.nextRollout(BUNDLE, {
      note: '',
      state: 'running',
      from: { sequence: from.sequence, digest: from.digest },
      to: { sequence: to.sequence, digest: to.digest },
      waves: [
        { name: 'canary', match: new Map(), percent: CANARY_PERCENT, gates },
        { name: 'everybody', match: new Map(), percent: 100, gates },
      ],
    });
    await this.#admin(0).submit({ document, blobs: [] });
  }

  #admin(index: number): AdminClient {
    const admin = this.#admins[index % this.#admins.length];
    if (admin === undefined) throw new Error('no node');
    return admin;
  }

  async #until(what: string, reached: () => boolean): Promise<void> {
    const startedMs = performance.now();
    while (!reached()) {
      if (performance.now() - startedMs > WITHIN_MS) throw new Error(`waited in vain for ${what}`);
      await sleep(POLL_EVERY_MS);
    }
  }
}
