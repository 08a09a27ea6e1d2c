/**
 * What a client of Kedge says of a release: that it has it, and that it uses it.
 *
 * @module
 */
import type { TestRelease } from '../../src/testing/realm.ts';
import { encodeWatchRequest } from '../../src/wire/watch.ts';
import { grpcData } from '../swarm/requests.ts';

const STAGES = ['delivered', 'loaded'] as const;

/** Both messages, on stream 1 of a connection. */
export function acknowledgements({ body, sequence, digest }: TestRelease): Uint8Array {
  const at = { bundle: body.bundle, sequence, digest };
  return Buffer.concat(
    STAGES.map((stage) => grpcData(encodeWatchRequest({ kind: 'acknowledgement', at, stage }))),
  );
}
