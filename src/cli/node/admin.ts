/**
 * The connection of the CLI to a node, as an admin: address and certificate from the profile.
 *
 * @module
 */
import type { AdminClient } from '../../client/admin-client.ts';
import { connectionHint, type TriedConnection } from '../../client/connection/connection-hints.ts';
import type {
  HistoryQuery,
  NodeStatus,
  StreamStatus,
  Submission,
  SubmitReceipt,
} from '../../core/admin/messages.ts';
import type { ProposalAnswer, ProposalStatus } from '../../core/admin/proposals.ts';
import type { BundleAdoption, ClientList, ListClientsQuery } from '../../core/adoption/model.ts';
import type { AuditPage, AuditProofQuery, AuditQuery } from '../../core/audit/messages.ts';
import { KedgeError } from '../../core/errors.ts';
import type { AnchorId, BundleName, Sequence, Sha256, StreamName } from '../../core/ids.ts';
import type { StreamAttestation } from '../../core/log/attested.ts';
import type { ProofHashes } from '../../core/log/proof.ts';
import type { Proposal, Withdrawal } from '../../core/proposals/model.ts';
import type { RolloutStatus } from '../../core/rollouts/status.ts';
import type { SignedDocument, SignedStatement } from '../../core/statements/envelope.ts';
import { hinted } from '../help.ts';
import type { Profile, TlsFiles } from '../profile.ts';
import type { RealmOptions } from '../realm/options.ts';
import type { Session } from '../session.ts';

const ENDPOINT = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/;
const PORT_MAX = 65_535;
const ASK_LATER = 'the node answers and says why not: try again later, or ask another one (--node)';
const NOT_ATTESTED =
  'the node answers: it does not hold that stream, or no region has cosigned it yet; nodes with ' +
  'region.keyFile do, and kedge node status shows which regions are heard';

/** What the CLI asks of a node; nothing that it answers is believed unverified. */
export interface NodeAdmin extends Disposable {
  submit(submission: Submission): Promise<SubmitReceipt>;
  document(stream: StreamName, sequence: Sequence): Promise<SignedDocument>;
  blobs(ids: readonly AnchorId[]): Promise<readonly Uint8Array[]>;
  streams(): Promise<readonly StreamStatus[]>;
  history(query: HistoryQuery): Promise<readonly SignedStatement[]>;
  checkpoint(stream: StreamName): Promise<StreamAttestation>;
  status(): Promise<NodeStatus>;
  adoption(bundle: BundleName): Promise<BundleAdoption>;
  clients(query: ListClientsQuery): Promise<ClientList>;
  audit(query: AuditQuery): Promise<AuditPage>;
  auditProof(query: AuditProofQuery): Promise<ProofHashes>;
  propose(proposal: Proposal): Promise<ProposalStatus>;
  proposals(): Promise<readonly ProposalStatus[]>;
  proposal(digest: Sha256): Promise<ProposalAnswer>;
  withdraw(withdrawal: Withdrawal): Promise<ProposalStatus>;
  rollout(bundle: BundleName): Promise<RolloutStatus>;
}

/** Makes a connection to the node that options and profile name. Errors: `CONFIG`. */
export async function openNode(session: Session, options: RealmOptions): Promise<NodeAdmin> {
  const profile = await session.profile();
  const endpoint = options.node ?? profile.node;
  if (endpoint === undefined) {
    throw new KedgeError('CONFIG', 'no node is known', {
      detail: { hint: 'give --node <host:port>, or set `node:` in kedge.yaml' },
    });
  }
  requireEndpoint(endpoint);
  const tls = tlsOf(profile);
  // Loads gRPC, which commands without a node do not need.
  const { AdminClient } = await import('../../client/admin-client.ts');
  const wrongFiles = 'check `tls:` in kedge.yaml: certFile, its own keyFile, and caFile, all PEM';
  const client = await hinted(tls === undefined ? {} : { CONFIG: wrongFiles }, () =>
    AdminClient.open({ endpoint, ...(tls === undefined ? { insecure: true } : { tls }) }),
  );
  const security = tls === undefined ? 'plaintext' : 'tls';
  return new NamedNode(client, endpoint, { wanted: 'admins', security });
}

/** gRPC would take port 443 for one that is missing, and wait for it. */
function requireEndpoint(endpoint: string): void {
  const port = Number(ENDPOINT.exec(endpoint)?.[1]);
  if (port >= 1 && port <= PORT_MAX) return;
  throw new KedgeError('CONFIG', `the node ${JSON.stringify(endpoint)} is not host:port`, {
    detail: { hint: 'for example 127.0.0.1:7442, what the node has as listen.admins' },
  });
}

/** The TLS files of the profile; absent for plaintext to loopback. Errors: `CONFIG`. */
export function tlsOf(profile: Profile): TlsFiles | undefined {
  if (profile.tls !== undefined) return profile.tls;
  if (profile.insecure === 'loopback') return undefined;
  throw new KedgeError('CONFIG', 'the certificate to show to the node is not set', {
    detail: {
      hint:
        'set `tls: {certFile, keyFile, caFile}` in kedge.yaml (kedge peer issue admin/<name> ' +
        'makes them), or `insecure: true` for a node on loopback without TLS',
    },
  });
}

/** Puts the node's address into errors about reaching it. */
class NamedNode implements NodeAdmin {
  readonly #client: AdminClient;
  readonly #endpoint: string;
  readonly #tried: TriedConnection;

  constructor(client: AdminClient, endpoint: string, tried: TriedConnection) {
    this.#client = client;
    this.#endpoint = endpoint;
    this.#tried = tried;
  }

  submit(submission: Submission): Promise<SubmitReceipt> {
    return this.#named(this.#client.submit(submission));
  }

  async document(stream: StreamName, sequence: Sequence): Promise<SignedDocument> {
    const query = { stream, sequence, blobs: 'without' } as const;
    return (await this.#named(this.#client.document(query))).document;
  }

  blobs(ids: readonly AnchorId[]): Promise<readonly Uint8Array[]> {
    return this.#named(this.#client.blobs({ ids }));
  }

  streams(): Promise<readonly StreamStatus[]> {
    return this.#named(this.#client.streams());
  }

  history(query: HistoryQuery): Promise<readonly SignedStatement[]> {
    return this.#named(this.#client.history(query));
  }

  checkpoint(stream: StreamName): Promise<StreamAttestation> {
    return this.#named(this.#client.checkpoint(stream), NOT_ATTESTED);
  }

  status(): Promise<NodeStatus> {
    return this.#named(this.#client.status());
  }

  adoption(bundle: BundleName): Promise<BundleAdoption> {
    return this.#named(this.#client.adoption(bundle));
  }

  rollout(bundle: BundleName): Promise<RolloutStatus> {
    return this.#named(this.#client.rollout(bundle));
  }

  clients(query: ListClientsQuery): Promise<ClientList> {
    return this.#named(this.#client.clients(query));
  }

  audit(query: AuditQuery): Promise<AuditPage> {
    return this.#named(this.#client.audit(query));
  }

  auditProof(query: AuditProofQuery): Promise<ProofHashes> {
    return this.#named(this.#client.auditProof(query));
  }

  propose(proposal: Proposal): Promise<ProposalStatus> {
    return this.#named(this.#client.propose(proposal));
  }

  proposals(): Promise<readonly ProposalStatus[]> {
    return this.#named(this.#client.proposals());
  }

  proposal(digest: Sha256): Promise<ProposalAnswer> {
    return this.#named(this.#client.proposal(digest));
  }

  withdraw(withdrawal: Withdrawal): Promise<ProposalStatus> {
    return this.#named(this.#client.withdraw(withdrawal));
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }

  /** `later`: what to do when the node itself says that it has no answer now. */
  async #named<Answer>(answer: Promise<Answer>, later: string = ASK_LATER): Promise<Answer> {
    try {
      return await answer;
    } catch (thrown) {
      const { code, message, detail } = KedgeError.from(thrown);
      // A bare status is what gRPC says by itself: no node had a part in it.
      const isAnswer = code === 'UNAVAILABLE' && detail['status'] === undefined;
      throw new KedgeError(code, `node ${this.#endpoint}: ${message}`, {
        detail: { ...detail, hint: isAnswer ? later : connectionHint(message, this.#tried) },
        cause: thrown,
      });
    }
  }
}
