/**
 * Publishes releases and measures how long it takes until the last node has them on disk and the
 * last program uses them.
 *
 * @module
 */
import type { AdminClient } from '../src/client/admin-client.ts';
import { type BundleName, releaseStream } from '../src/core/ids.ts';
import type { ReleaseBody } from '../src/core/releases/body.ts';
import type { EditPoint } from '../src/core/releases/edit.ts';
import { preciseNowMs } from './messages.ts';
import type { NodeProcess } from './node-process.ts';
import type { Program } from './program.ts';
import { type DemoRealm, ReleaseWriter } from './realm.ts';

/** How a change of a release is written. */
export type Edit = (body: ReleaseBody, point: EditPoint) => ReleaseBody;

/** How long a release took, from the moment before it was submitted. */
export interface PublishTimes {
  readonly sequence: number;
  readonly lastNodeMs: number;
  readonly lastClientMs: number;
}

/** Who is waited for. */
export interface Audience {
  readonly nodes: readonly NodeProcess[];
  readonly programs: readonly Program[];
}

/** Publishes one bundle. */
export class Publisher {
  readonly bundle: BundleName;
  readonly #writer: ReleaseWriter;
  readonly #admin: AdminClient;

  constructor(realm: DemoRealm, bundle: BundleName, admin: AdminClient) {
    this.bundle = bundle;
    this.#writer = new ReleaseWriter(realm, bundle);
    this.#admin = admin;
  }

  /** Signs and submits the next release, then waits until everybody has it. */
  async publish(
    edit: Edit,
    blobs: readonly Uint8Array[],
    audience: Audience,
  ): Promise<PublishTimes> {
    const { sequence, statement, body } = this.#writer.write(edit);
    const startMs = preciseNowMs();
    await this.#admin.submit({ document: { statement, body }, blobs });
    const stream = releaseStream(this.bundle);
    const onNodes = await Promise.all(
      audience.nodes.map(async (node) => node.accepted(stream, sequence)),
    );
    const inPrograms = await Promise.all(
      audience.programs.map(async (program) => program.loaded(this.bundle, sequence)),
    );
    return {
      sequence,
      lastNodeMs: lastOf(onNodes) - startMs,
      lastClientMs: lastOf(inPrograms.map(({ atMs }) => atMs)) - startMs,
    };
  }
}

function lastOf(times: readonly number[]): number {
  return times.length === 0 ? Number.NaN : Math.max(...times);
}
