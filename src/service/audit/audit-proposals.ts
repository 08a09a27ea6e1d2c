/**
 * What the audit log of a node says of proposals: who proposed, approved and withdrew what, and
 * what was refused.
 *
 * News of peers is noted as well, so the log of any node tells how a statement came to be. All of
 * it is bounded: signers can bring it about. Spec section 11.
 *
 * @module
 */
import { auditSigners } from '../../core/audit/signers.ts';
import { sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import type { Notice } from '../../core/gossip/events.ts';
import type { SignedStatement } from '../../core/statements/envelope.ts';
import type { AcceptedCharter } from '../../core/trusted/state.ts';
import type { AuditLog } from './audit-log.ts';
import { placeOf } from './audit-place.ts';

/** What replication notices of proposals. */
type ProposalNotice = Extract<Notice, { readonly kind: 'proposal' | 'proposal-ended' }>;

/** Notes what becomes of proposals. */
export class AuditProposals {
  readonly #log: Pick<AuditLog, 'bounded' | 'refused'>;

  constructor(log: Pick<AuditLog, 'bounded' | 'refused'>) {
    this.#log = log;
  }

  /** Notes why what an admin asks was refused; what comes of it is noticed. Errors: those of it. */
  async asking<Result>(
    by: string,
    { payload }: SignedStatement,
    ask: () => Promise<Result>,
  ): Promise<Result> {
    try {
      return await ask();
    } catch (thrown) {
      const { code, message: reason } = KedgeError.from(thrown);
      const what = { ...placeOf(payload), digest: sha256(payload), reason };
      this.#log.refused({ via: 'admin', by, code }, what);
      throw thrown;
    }
  }

  /** Notes what was proposed, approved or withdrawn; how else a proposal ends, its stream says. */
  noticed(notice: ProposalNotice, charters: readonly AcceptedCharter[]): void {
    if (notice.kind === 'proposal') {
      const { what, stream, sequence, digest, statement, brought } = notice;
      const signers = auditSigners(charters, statement);
      const kind = what === 'opened' ? 'proposed' : 'approved';
      this.#log.bounded({ what: kind, stream, sequence, digest, signers, ...brought });
      return;
    }
    const { ended, brought } = notice;
    if (ended.end !== 'withdrawn') return;
    const { stream, sequence, digest, by } = ended;
    const reason = by === undefined ? {} : { reason: `by the signer ${by}` };
    this.#log.bounded({ what: 'withdrawn', stream, sequence, digest, ...reason, ...brought });
  }
}
