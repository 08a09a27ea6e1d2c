/**
 * The peers' methods, seen from the node that was dialled.
 *
 * @module
 */
import type { handleBidiStreamingCall } from '@grpc/grpc-js';
import type { ClientPage, ClientsQuery } from '../../core/adoption/model.ts';
import { KedgeError } from '../../core/errors.ts';
import type { FetchItem, FetchRequest } from '../../core/gossip/frames.ts';
import type { NodeId } from '../../core/ids.ts';
import { CallerQuota } from '../../service/clients/caller-quota.ts';
import { decodeClientsQuery, encodeClientPage } from '../../wire/clients.ts';
import { decodeFetchRequest, encodeFetchItem } from '../../wire/gossip.ts';
import { GOSSIP_METHODS } from '../../wire/methods.ts';
import { BidiCall } from '../calls/bidi-call.ts';
import { NODE_ID_HEADER } from '../calls/caller.ts';
import {
  admitCaller,
  type CallEnvironment,
  reportFailure,
  type ServedService,
  serverStreamMethod,
  unaryMethod,
} from '../calls/calls.ts';
import { type LinkEvents, LinkSession } from './link-session.ts';

/** What peers ask of a node. */
export interface GossipServices {
  readonly self: NodeId;
  readonly links: LinkEvents;
  fetchItems(requests: readonly FetchRequest[]): AsyncIterable<FetchItem>;
  /** Clients of this node; absent where none are counted. */
  readonly clients?: (query: ClientsQuery) => ClientPage;
}

/** A fetch of a whole history over a slow line; its reader asks again for the rest. */
const FETCH = { role: 'peer', timeoutMs: 10 * 60_000 } as const;

/** A page of clients is in memory. */
const CLIENTS = { role: 'peer', timeoutMs: 5_000 } as const;

/** Fetches of one peer that are answered at once; it needs three, and some may be ending. */
const FETCHES_PER_PEER_MAX = 16;

/** The peers' service. */
export function gossipService(
  environment: CallEnvironment,
  services: GossipServices,
): ServedService {
  let count = 0;
  const link: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    const bidi = new BidiCall(call, environment.clock);
    try {
      const { peer } = admitCaller(environment, call, 'peer');
      if (peer === undefined) throw new KedgeError('ACCESS', 'the caller is not a peer');
      count += 1;
      acceptLink(environment, bidi, { linkId: `in-${count}`, peer, services });
    } catch (thrown) {
      bidi.listen({ message: ignore, drained: ignore, failed: ignore, closed: ignore });
      bidi.end(reportFailure(environment, call, thrown));
    }
  };
  const quota = new CallerQuota({ max: FETCHES_PER_PEER_MAX, what: 'fetches' });
  const fetch = serverStreamMethod(environment, FETCH, async function* (request, { caller }) {
    const leave = quota.enter(caller.id);
    try {
      yield* encodeItems(services.fetchItems(decodeFetchRequest(request)));
    } finally {
      leave();
    }
  });
  const clients = unaryMethod(environment, CLIENTS, async (request) => {
    const page = services.clients?.(decodeClientsQuery(request)) ?? { clients: [] };
    return await Promise.resolve(encodeClientPage(page));
  });
  return {
    name: 'kedge.v1.GossipService',
    definition: GOSSIP_METHODS,
    implementation: { link, fetch, clients },
  };
}

function acceptLink(
  { clock, openCalls }: CallEnvironment,
  bidi: BidiCall,
  link: { readonly linkId: string; readonly peer: NodeId; readonly services: GossipServices },
): void {
  const { linkId, peer, services } = link;
  const { links: events, self } = services;
  const session = new LinkSession({
    linkId,
    clock,
    events,
    write: (bytes) => bidi.write(bytes),
    reading: (state) => bidi.reading(state),
    end: (error) => bidi.end(error),
  });
  const forget = openCalls.add({
    kind: 'stream',
    from: bidi.from,
    end: (error) => session.close(error),
  });
  bidi.listen({
    message: (bytes) => session.received(bytes),
    drained: () => session.drained(),
    failed: ignore,
    closed: () => {
      forget();
      session.over(undefined);
    },
  });
  bidi.accept({ [NODE_ID_HEADER]: self });
  events.linkUp(session, peer);
}

async function* encodeItems(items: AsyncIterable<FetchItem>): AsyncGenerator<Buffer> {
  for await (const item of items) yield encodeFetchItem(item);
}

function ignore(): void {
  // A call that was refused has nothing to do with what still arrives.
}
