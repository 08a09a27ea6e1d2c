/**
 * The forked streams that a node tells of.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import {
  parseBundleName,
  parseStreamName,
  releaseStream,
  type StreamName,
} from '../../core/ids.ts';
import type { Evidence } from '../../core/trusted/state.ts';
import { parseArgument } from '../help.ts';
import type { Realm } from '../realm/realm.ts';

/** Reads the proof of every fork; nothing of it is verified. Errors: `CONFIG` without a node. */
export async function readForks(realm: Realm): Promise<readonly Evidence[]> {
  if (realm.node === undefined) {
    throw new KedgeError('CONFIG', 'forks are read from a node, and none is given', {
      detail: { hint: 'give --node, or set `node:` in kedge.yaml' },
    });
  }
  return (await realm.node.streams()).flatMap(({ fork }) => fork ?? []);
}

/** A stream as an argument: its name, or a bundle's for its releases. Errors: `CONFIG`. */
export function streamArgument(text: string): StreamName {
  const isStream = text === 'charter' || text.includes('/');
  return parseArgument('stream', text, (name) =>
    isStream ? parseStreamName(name) : releaseStream(parseBundleName(name)),
  );
}
