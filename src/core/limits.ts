/**
 * Every limit on what comes from outside, in one place; `docs/spec.md` section 1 gives the reasons.
 * Exceeding one is always `LIMIT`, raised before the work that the limit guards.
 *
 * @module
 */

/** A statement's payload, bytes (AWS KMS signs at most 4096, YubiHSM about 2000). */
export const STATEMENT_MAX_BYTES: number = 2048;
/** Signatures beside one statement. */
export const SIGNATURES_MAX: number = 64;
/** One signature, bytes (ML-DSA-65 needs 3309). */
export const SIGNATURE_MAX_BYTES: number = 4096;
/** A DSSE envelope file, bytes. */
export const ENVELOPE_MAX_BYTES: number = 512 * 1024;
/** A charter or release body, bytes. */
export const BODY_MAX_BYTES: number = 1024 * 1024;
/** Nesting of a signed JSON document. */
export const JSON_MAX_DEPTH: number = 12;
/** One anchor's DER, bytes. */
export const ANCHOR_MAX_BYTES: number = 16 * 1024;
/** Anchors in one bundle. */
export const ANCHORS_MAX: number = 1000;
/** Alternative names of one certificate that limits are applied to. */
export const CERTIFICATE_NAMES_MAX: number = 1000;
/** Tombstones in one bundle. */
export const TOMBSTONES_MAX: number = 4000;
/** Signers in one charter. */
export const SIGNERS_MAX: number = 100;
/** Keys of one signer. */
export const SIGNER_KEYS_MAX: number = 8;
/** One public key's SPKI, bytes (ML-DSA-65 needs 1974). */
export const SPKI_MAX_BYTES: number = 2048;
/** Regions in one charter. */
export const REGIONS_MAX: number = 100;
/** Resolutions of forks in one charter. */
export const RESOLUTIONS_MAX: number = 64;
/** Rules in the policy of one charter. */
export const POLICY_RULES_MAX: number = 64;
/** The expression of one rule, UTF-16 units. */
export const POLICY_RULE_MAX_CHARS: number = 1000;
/** Delegations in one charter. */
export const DELEGATIONS_MAX: number = 1000;
/** A note, label or owner, UTF-16 units. */
export const TEXT_MAX_CHARS: number = 500;
/** Constraints or purposes on one anchor, and values in one constraint. */
export const ANCHOR_LIST_MAX: number = 64;
/** How far in the future of the local clock a statement may be issued, milliseconds. */
export const CLOCK_SKEW_MAX_MS: number = 5 * 60_000;
/** Statements in the chain of one delta; a client that is further behind gets a snapshot. */
export const DELTA_CHAIN_MAX: number = 64;
/** Releases that wait behind a rollout and are shown to a client; more of them make it stale. */
export const WAITING_MAX: number = 16;
/** The version of the software that a node runs, characters. */
export const SOFTWARE_VERSION_MAX_CHARS: number = 64;
/** Charter statements applied in one step; the rest follows in the next. */
export const CHARTER_STEP_MAX: number = 64;
/** History held in memory until its head proves it, bytes. */
export const HISTORY_BUFFER_MAX_BYTES: number = 64 * 1024 * 1024;
/** One wire message, bytes. */
export const MESSAGE_MAX_BYTES: number = 4 * 1024 * 1024;
/** Fields in one wire message, those of messages within it included. */
export const MESSAGE_MAX_FIELDS: number = 60_000;
/** Blobs carried in one wire message, bytes. */
export const BLOB_CHUNK_MAX_BYTES: number = 256 * 1024;
/** An update without its blobs must fit one TCP flight to be pushed whole, bytes. */
export const PUSH_MAX_BYTES: number = 12 * 1024;
/** Streams that one node holds. */
export const STREAMS_MAX: number = 10_000;
/** Streams that one fetch asks for. */
export const FETCH_STREAMS_MAX: number = 128;
/** Rows that one node shows: its streams and the charter. */
export const ROWS_MAX: number = STREAMS_MAX + 1;
/** Bundles that one client watches on one stream. */
export const WATCH_BUNDLES_MAX: number = 256;
/** Labels of one client. */
export const LABELS_MAX: number = 32;
/** A label's key or value, UTF-16 units. */
export const LABEL_MAX_CHARS: number = 128;
/** A client's message to a node, bytes (a start with all bundles and labels takes about 90 KB). */
export const WATCH_REQUEST_MAX_BYTES: number = 128 * 1024;
/** Anchors in one report of a client about what it used. */
export const ANCHOR_USES_MAX: number = 256;
/** Uses that are told of one client. */
export const CLIENT_USES_MAX: number = 64;
/** Clients in one page of a list. */
export const CLIENTS_PAGE_MAX: number = 500;
/** What a node says about its clients, bytes. */
export const ADOPTION_ROW_MAX_BYTES: number = 64 * 1024;
/** Rows of nodes in one frame. */
export const ADOPTION_ROWS_PER_FRAME_MAX: number = 64;
/** Clients in one notice that they came from another node. */
export const ARRIVALS_MAX: number = 512;
/** Groups of clients in one answer about a bundle. */
export const ADOPTION_GROUPS_MAX: number = 10_000;
/** Announced changes in one bundle. */
export const PLANNED_MAX: number = 16;
/** Waves of one rollout. */
export const ROLLOUT_WAVES_MAX: number = 16;
/** Programs that a gate of a wave counts. */
export const GATE_CLIENTS_MAX: number = 1_000_000_000;
/** How long a wave may have to hold before the next one opens, seconds. */
export const SOAK_MAX_SECONDS: number = 366 * 86_400;
/** Statements in one page of a stream's history. */
export const HISTORY_PAGE_MAX: number = 500;
/** Peers of one node. */
export const PEERS_MAX: number = 1000;
/** Processes of one node that do TLS with programs. */
export const TLS_WORKERS_MAX: number = 64;
/** Members that one node remembers, failed and left ones included. */
export const MEMBERS_MAX: number = 2000;
/** What a node signs of its store, bytes. */
export const MARK_MAX_BYTES: number = 1024;
/** A store is not made to count beyond more than this: what it counts stays a safe integer. */
export const COUNT_FOLLOWED_MAX: number = 2 ** 52;
/** A member record, bytes; with its signature it fits beside a ping. */
export const MEMBER_MAX_BYTES: number = 1024;
/** What a ping or an acknowledgement carries beside itself, bytes. */
export const PIGGYBACK_MAX_BYTES: number = 1200;
/** Records in one frame of members. */
export const MEMBERS_PER_FRAME_MAX: number = 64;
/** Observations in one frame of members. */
export const OBSERVATIONS_PER_FRAME_MAX: number = 256;
/**
 * What checking signatures of one statement may cost when hints do not name the keys, in checks
 * with Ed25519 (`verifyCost`). With one check of each key that hints name this is at most 0.1 s of
 * one core, and 0.2 s more where hints name 64 keys of ML-DSA-65.
 */
export const VERIFY_COST_MAX: number = 384;
/** Longest validity of a statement, days. */
export const VALIDITY_MAX_DAYS: number = 3660;
/** A PEM text, characters (the Mozilla root program takes about 230,000). */
export const PEM_MAX_CHARS: number = 8 * 1024 * 1024;
/** Hashes in one proof (a tree of 2^53 leaves needs 54; C2SP tlog-witness allows 63). */
export const PROOF_HASHES_MAX: number = 63;
/** A signed note, bytes. */
export const NOTE_MAX_BYTES: number = 128 * 1024;
/** Signature lines of a signed note; each line of a known key costs one verification. */
export const NOTE_SIGNATURES_MAX: number = 128;
/** Cosigned heads that are remembered of one key in one stream, to notice a second root. */
export const COSIGNED_HEADS_MAX: number = 2;
/** Cosigned heads by one key in one answer about them. */
export const LINES_PER_FRAME_MAX: number = 256;
/** Certificates of one recorded chain, the leaf included. */
export const CHAIN_MAX: number = 16;
/** Recorded chains that one plan looks at. */
export const PLAN_CHAINS_MAX: number = 10_000;
/** Paths from one leaf to anchors that are told apart. */
export const PLAN_PATHS_MAX: number = 64;
/** Steps that looking for them may take. */
export const PLAN_STEPS_MAX: number = 4096;
/** A revocation list that a plan reads, bytes. */
export const CRL_MAX_BYTES: number = 64 * 1024 * 1024;
/** Certificates that are revoked in one list. */
export const CRL_ENTRIES_MAX: number = 1_000_000;
/** Revocation lists of one plan. */
export const PLAN_CRLS_MAX: number = 1000;
/** Times that one plan looks at. */
export const PLAN_INSTANTS_MAX: number = 12;
/** An entry of a node's audit log, bytes: with 64 signers and a long identity about 14 KB. */
export const AUDIT_ENTRY_MAX_BYTES: number = 16 * 1024;
/** Entries of the audit log in one page. */
export const AUDIT_PAGE_MAX: number = 250;
/** How long a proposal gathers signatures after it was issued, milliseconds. */
export const PROPOSAL_LIFE_MS: number = 14 * 86_400_000;
/** Certificates beside one proposal, bytes together; what needs more is signed with draft files. */
export const PROPOSAL_BLOBS_MAX_BYTES: number = 1024 * 1024;
/** Proposals that one node keeps, withdrawn ones included. */
export const PROPOSALS_MAX: number = 1024;
/** What the proposals of one node take, bytes. */
export const PROPOSALS_MAX_BYTES: number = 64 * 1024 * 1024;
/** Proposals that rest on one signer alone; an honest one signs one per stream. */
export const PROPOSALS_PER_SIGNER_MAX: number = 256;
/** What they take together, bytes. */
export const PROPOSALS_PER_SIGNER_MAX_BYTES: number = 8 * 1024 * 1024;
/** Proposals for one stream that rest on one signer alone. */
export const PROPOSALS_PER_STREAM_MAX: number = 2;
