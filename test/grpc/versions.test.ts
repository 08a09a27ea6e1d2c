/**
 * Peers of other versions, on a real link: what a newer one says beside the known is passed over,
 * and an older major version is refused with a reason that both sides see.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Frame, PROTOCOL_VERSION, type Push } from '../../src/core/gossip/frames.ts';
import { FAULTS_MAX } from '../../src/core/gossip/links/conduct.ts';
import { parseRegionName } from '../../src/core/ids.ts';
import { addActive, createTestAnchor } from '../../src/testing/anchors.ts';
import type { TestRelease } from '../../src/testing/realm.ts';
import { decodeFrame, encodeFrame } from '../../src/wire/gossip.ts';
import { matching } from '../support/messages.ts';
import { Cluster, PAYMENTS, type RunningNode, STREAM } from './support/cluster.ts';
import { HostilePeer } from './support/hostile.ts';
import { until } from './support/listener.ts';

const anchor = createTestAnchor('versions');
/** Field 1 of a link message is the frame; the rest is of later versions. */
const FRAME_FIELD = 1;
const LATER_FIELD = 1999;

describe('a peer of another version', () => {
  let cluster: Cluster;
  let node: RunningNode;
  let peer: HostilePeer;

  beforeEach(async () => {
    cluster = await Cluster.start();
    node = cluster.node('iad-1');
    using admin = await cluster.admin('iad-1');
    await admin.submit({ document: cluster.realm.charter.document, blobs: [] });
    peer = await HostilePeer.start(cluster.realm);
  });

  afterEach(async () => {
    for (const name of [...cluster.nodes.keys()]) await cluster.stop(name);
  });

  it('may send frames that are not known here, as often as others', async () => {
    const link = await peer.open(node.server);
    const unknown = delimited(FRAME_FIELD, later());
    expect(decodeFrame(unknown)).toBe('unknown');
    for (let i = 0; i < 10 * FAULTS_MAX; i += 1) link.sendBytes(unknown);
    const release = cluster.realm.nextRelease(PAYMENTS, addActive(anchor));
    link.send(pushOf(release));
    await held(release);
    expect(link.closed).toBeUndefined();
    const known = node.replicator.neighbours().find(({ nodeId }) => nodeId === 'evil-1');
    expect(known?.conduct?.faults ?? 0).toBe(0);
  });

  it('may send fields that are not known here, around and in known frames', async () => {
    const link = await peer.open(node.server);
    const release = cluster.realm.nextRelease(PAYMENTS, addActive(anchor));
    const plain = encodeFrame(pushOf(release));
    const frame = plain.subarray(1 + lengthBytes(plain));
    link.sendBytes(
      Buffer.concat([delimited(FRAME_FIELD, Buffer.concat([frame, later()])), later()]),
    );
    await held(release);
    expect(link.closed).toBeUndefined();
  });

  it('is let in when its major version is newer: it knows whether that does', async () => {
    const link = await peer.open(node.server, { protocolVersion: PROTOCOL_VERSION + 1 });
    expect(link.closed).toBeUndefined();
  });

  it('is refused when its major version is older, and both sides say why', async () => {
    const link = await peer.open(node.server, { protocolVersion: PROTOCOL_VERSION - 1 });
    expect(link.closed).toMatchObject({ code: 'TYPE' });
    expect(link.closed?.message).toContain('the peer speaks protocol 0: upgrade evil-1');
    const reasons = node.log.lines.map(({ reason }) => reason);
    expect(reasons).toContainEqual(matching(/speaks protocol 0: upgrade evil-1/));
  });

  async function held({ digest }: TestRelease): Promise<void> {
    await until(() => {
      const stream = node.replicator.durable.streams.get(STREAM);
      return stream?.head?.digest === digest;
    });
  }
});

function pushOf({ document }: TestRelease): Frame {
  const { statement, body } = document;
  const push: Push = { statement, content: { kind: 'whole', body }, blobs: [anchor.der] };
  return { kind: 'push', push, origin: parseRegionName('evil') };
}

function later(): Buffer {
  return delimited(LATER_FIELD, Buffer.from('from a later version'));
}

/** A field of protobuf that holds bytes or a message. */
function delimited(number: number, content: Buffer): Buffer {
  return Buffer.concat([varint(8 * number + 2), varint(content.length), content]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

/** How many bytes the length after the first tag takes. */
function lengthBytes(message: Buffer): number {
  return message.subarray(1).findIndex((byte) => byte < 128) + 1;
}
