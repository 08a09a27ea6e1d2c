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
import type { TestRealm } from '../src/testing/realm.ts';
import { preciseNowMs } from './messages.ts';
import type { NodeProcess } from './node-process.ts';
import type { Program } from './program.ts';

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
  readonly #realm: TestRealm;
  readonly #admin: AdminClient;

  constructor(realm: TestRealm, bundle: BundleName, admin: AdminClient) {
    this.bundle = bundle;
    this.#realm = realm;
    this.#admin = admin;
  }

  /** Signs and submits the next release, then waits until everybody has it. */
  async publish(
    edit: Edit,
    blobs: readonly Uint8Array[],
    audience: Audience,
  ): Promise<PublishTimes> {
    const { document, sequence } = this.#realm.nextRelease(this.bundle, edit);
    const startMs = preciseNowMs();
    await this.#admin.submit({ document, blobs });
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
