/**
 * Turns what the replication machine notices into log lines and counters.
 *
 * @module
 */
import type { Notice } from '../../core/gossip/events.ts';
import type { CopyNotice } from '../../core/gossip/restored/store-mark.ts';
import type { RegionSplit } from '../../core/log/split.ts';
import type { Evidence } from '../../core/trusted/state.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';

/** Where notices go. */
export interface NoticeSinks {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Whoever else wants to know. */
  readonly onNotice?: (notice: Notice) => void;
}

/** Logs and counts one notice. */
export function reportNotice(notice: Notice, { logger, metrics, onNotice }: NoticeSinks): void {
  onNotice?.(notice);
  switch (notice.kind) {
    case 'link-ready': {
      const { nodeId, region } = notice.peer;
      return logger.info({ event: 'link.up', nodeId, region }, 'link up');
    }
    case 'refused':
      return reportRefused(notice, { logger, metrics });
    case 'cut-off': {
      const { nodeId, cutOffs, forMs, error } = notice;
      const fields = { nodeId, cutOffs, forSeconds: forMs / 1000, reason: error.message };
      metrics.increment('kedge_peers_cut_off_total', {});
      return logger.warn({ event: 'peer.refused', ...fields }, 'peer cut off for its faults');
    }
    case 'forked':
      return reportFork(notice.evidence, { logger, metrics });
    case 'settled': {
      const { stream, sequence } = notice;
      return logger.warn(
        { event: 'stream.settled', stream, sequence },
        'a fork was decided, or the realm recovered: the stream goes on after this sequence',
      );
    }
    case 'region-split':
      return reportSplit(notice.split, { logger, metrics });
    case 'new-key':
    case 'duplicate':
    case 'forgotten':
      return reportMember(notice, logger);
    case 'label':
      return reportLabel(notice, { logger, metrics });
    case 'copy':
    case 'holding-back':
    case 'serving':
    case 'persist-failed':
      return reportStore(notice, { logger, metrics });
    case 'proposal':
    case 'proposal-ended':
      return reportProposal(notice, logger);
  }
}

function reportRefused(
  notice: Extract<Notice, { kind: 'refused' }>,
  { logger, metrics }: NoticeSinks,
): void {
  const { from, error } = notice;
  const stream = 'stream' in notice ? notice.stream : undefined;
  const event = from === 'submit' ? 'submit.refused' : 'statement.refused';
  metrics.increment('kedge_statements_refused_total', { code: error.code });
  const fields = { event, from, stream, code: error.code, reason: error.message } as const;
  if (error.code === 'BUG') {
    logger.error({ ...fields, err: error }, 'refused for a bug of ours');
  } else logger.warn(fields, 'refused');
}

type StoreNotice = Extract<
  Notice,
  { kind: 'copy' | 'holding-back' | 'serving' | 'persist-failed' }
>;

function reportStore(notice: StoreNotice, { logger, metrics }: NoticeSinks): void {
  switch (notice.kind) {
    case 'copy':
      return reportCopy(notice, { logger, metrics });
    case 'holding-back': {
      const { reason } = notice;
      return logger.warn({ event: 'node.holding', reason }, 'this node does not serve yet');
    }
    case 'serving': {
      const { compared } = notice;
      return logger.info({ event: 'node.serving', compared }, 'the store may be served');
    }
    case 'persist-failed': {
      const { code, message } = notice.error;
      metrics.increment('kedge_store_failures_total', {});
      logger.error({ event: 'store.failed', code, reason: message }, 'the store refused a write');
      return;
    }
  }
}

function reportCopy(notice: CopyNotice, { logger, metrics }: NoticeSinks): void {
  const { what, by } = notice;
  metrics.increment('kedge_store_copies_total', { found: what });
  if (what === 'cosigned') return reportForeignLine(notice, logger);
  const { mark, own } = notice;
  const { storeId, bootId, count: signed } = mark;
  const fields = { by, storeId, bootId, signed, held: own.count };
  if (what === 'copied') {
    const text =
      'another process runs with the name and key of this node on a copy of its store: stop that ' +
      'process, and remove the copy';
    return logger.error({ event: 'store.copied', ...fields }, text);
  }
  logger.error(
    { event: 'store.suspect', origin: 'copy', ...fields },
    'the store is an old copy: this node once signed that it was written to more often. It gets ' +
      'a new id, nobody is served before it was compared with other nodes, and the key of the ' +
      'region signs nothing; see "Restore from backup" in docs/handbook.md',
  );
}

function reportForeignLine(
  { by, line, held }: Extract<CopyNotice, { readonly what: 'cosigned' }>,
  logger: Logger,
): void {
  const { stream, size } = line.checkpoint;
  const fields = { by, stream, signed: size, held: held?.checkpoint.size ?? 0 };
  logger.error(
    { event: 'store.suspect', origin: 'copy', ...fields },
    'the key of the region cosigned what this store does not know: the store is an old copy, or ' +
      'the key signs elsewhere too. The store gets a new id, nobody is served before it was ' +
      'compared with other nodes, and the key signs nothing; see "Restore from backup" in ' +
      'docs/handbook.md',
  );
}

function reportFork({ stream, sequence }: Evidence, { logger, metrics }: NoticeSinks): void {
  metrics.increment('kedge_forks_total', {});
  logger.error(
    { event: 'stream.forked', stream, sequence },
    'two valid statements exist for one sequence: the stream is frozen at the one before',
  );
}

function reportSplit(split: RegionSplit, { logger, metrics }: NoticeSinks): void {
  const { keyId, first } = split;
  const { stream, size } = first.checkpoint;
  metrics.increment('kedge_region_splits_total', {});
  logger.error(
    { event: 'region.split', name: first.line.name, keyId, stream, size },
    'a region signed two roots for one size: it counts no more until a charter drops the key',
  );
}

function reportLabel(
  { nodeId, region, doubt }: Extract<Notice, { kind: 'label' }>,
  { logger, metrics }: NoticeSinks,
): void {
  const fields = { event: 'member.misplaced', nodeId, region } as const;
  if (doubt === 'none') return logger.info(fields, 'a node is where its region says, after all');
  metrics.increment('kedge_members_misplaced_total', { doubt });
  const reason = doubt === 'too-far' ? 'far from the others of it' : 'near, and the others are far';
  logger.warn({ ...fields, reason }, 'a node does not seem to be in the region that it claims');
}

function reportProposal(
  notice: Extract<Notice, { kind: 'proposal' | 'proposal-ended' }>,
  logger: Logger,
): void {
  if (notice.kind === 'proposal') {
    const { what, stream, sequence, digest, signers } = notice;
    const event = what === 'opened' ? 'proposal.opened' : 'proposal.signed';
    return logger.info(
      { event, stream, sequence, digest, signers },
      'a proposal gathers signatures',
    );
  }
  const { stream, sequence, digest, end, by } = notice.ended;
  const fields = { event: 'proposal.ended', stream, sequence, digest, reason: end, by } as const;
  logger.info(fields, 'a proposal has ended');
}

type MemberNotice = Extract<Notice, { kind: 'new-key' | 'duplicate' | 'forgotten' }>;

function reportMember(notice: MemberNotice, logger: Logger): void {
  switch (notice.kind) {
    case 'new-key': {
      const { nodeId } = notice;
      return logger.warn(
        { event: 'member.rekeyed', nodeId },
        'a node has another key than before: its store is new; if that comes again and again, ' +
          'two nodes have this name, and one of them has to stop',
      );
    }
    case 'duplicate': {
      const { bootId } = notice;
      logger.error(
        { event: 'member.duplicate', bootId },
        'another process runs with the name and key of this node: stop one of them',
      );
      return;
    }
    case 'forgotten': {
      const { code, message: reason } = notice.error;
      return logger.warn({ event: 'member.forgotten', code, reason }, 'a member is forgotten');
    }
  }
}
