/**
 * All commands: names, one-line summaries, and where their code is. The order is that of `--help`.
 *
 * @module
 */
import { ANCHOR_COMMANDS } from './anchor.ts';
import { type CommandEntry, command, group } from './entry.ts';
import { PROPOSAL_COMMANDS } from './proposal.ts';
import { ROLLOUT_COMMANDS } from './rollout.ts';
import { ROTATE_COMMAND } from './rotate.ts';

export type { CommandEntry };

/** The commands of `kedge`. */
export const COMMANDS: readonly CommandEntry[] = [
  group('realm', 'set a realm up', [
    command(
      'init',
      'make the signers and the first charter of a realm',
      async () => (await import('../commands/realm-init.ts')).realmInit,
    ),
  ]),
  group('charter', 'read and change who may sign what', [
    command(
      'show',
      'show the signers, roles and rules of a realm',
      async () => (await import('../commands/charter-show.ts')).charterShow,
    ),
    command(
      'rotate',
      'draft the next charter: other signers, thresholds or rules',
      async () => (await import('../commands/charter-rotate.ts')).charterRotate,
    ),
    command(
      'plan',
      'say what a new charter changes, who has to sign it, and what follows',
      async () => (await import('../commands/charter-plan.ts')).charterPlan,
    ),
    command(
      'recover',
      'draft a charter that recovery keys sign, when signers are lost or stolen',
      async () => (await import('../commands/charter-recover.ts')).charterRecover,
    ),
    command(
      'sign',
      'sign a drafted charter',
      async () => (await import('../commands/release-sign.ts')).charterSign,
    ),
    command(
      'submit',
      'hand a signed charter to a node',
      async () => (await import('../commands/release-submit.ts')).charterSubmit,
    ),
  ]),
  group('policy', 'rules of the charter that every change has to keep', [
    command(
      'show',
      'show the rules in force, or check those of a file',
      async () => (await import('../commands/policy-show.ts')).policyShow,
    ),
    command(
      'test',
      'run the cases of a policy',
      async () => (await import('../commands/policy-test.ts')).policyTest,
    ),
  ]),
  group('fork', 'two valid statements for one sequence: see them, and decide', [
    command(
      'show',
      'show the forked streams of a realm and who signed twice',
      async () => (await import('../commands/fork-show.ts')).forkShow,
    ),
    command(
      'resolve',
      'draft a charter that says which statement of a fork stands',
      async () => (await import('../commands/fork-resolve.ts')).forkResolve,
    ),
  ]),
  group('log', 'what regions attest', [
    command(
      'checkpoint',
      'print the cosigned head of a stream as a C2SP note',
      async () => (await import('../commands/log-checkpoint.ts')).logCheckpoint,
    ),
  ]),
  group('audit', 'what a node accepted and refused, and what the realm trusted when', [
    command(
      'log',
      'list what a node accepted and refused, who brought it, and why',
      async () => (await import('../commands/audit-log.ts')).auditLog,
    ),
    command(
      'verify',
      'verify the audit log of a node against its checkpoint and the chains',
      async () => (await import('../commands/audit-verify.ts')).auditVerify,
    ),
    command(
      'export',
      'write a folder that verifies with openssl, sha256sum and jq',
      async () => (await import('../commands/audit-export.ts')).auditExport,
    ),
    command(
      'at',
      'show which anchors a realm trusted at a time, and who signed them',
      async () => (await import('../commands/audit-at.ts')).auditAt,
    ),
  ]),
  group('signer', 'keys of the people who sign', [
    command(
      'create',
      'make an encrypted key file for one signer',
      async () => (await import('../commands/signer-create.ts')).signerCreate,
    ),
    command(
      'import',
      'make an encrypted key file from a PKCS#8 key of another tool',
      async () => (await import('../commands/signer-import.ts')).signerImport,
    ),
    command(
      'show',
      'show the public key of a key file, a token or a command that signs',
      async () => (await import('../commands/signer-show.ts')).signerShow,
    ),
  ]),
  group('region', 'keys of the nodes that attest for regions', [
    command(
      'key',
      'make the key with which one node attests for its region',
      async () => (await import('../commands/region-key.ts')).regionKey,
    ),
  ]),
  ANCHOR_COMMANDS,
  command(
    'plan',
    'find out what a change will break, before anybody signs it',
    async () => (await import('../commands/plan.ts')).plan,
    [
      command(
        'record',
        'write the chains of servers to a file for later plans',
        async () => (await import('../commands/plan-record.ts')).planRecord,
      ),
    ],
  ),
  group('release', 'draft, sign and publish the next content of a bundle', [
    command(
      'draft',
      'start a draft on top of the newest release',
      async () => (await import('../commands/release-draft.ts')).releaseDraft,
    ),
    command(
      'show',
      'show what a draft changes and who signed it',
      async () => (await import('../commands/release-show.ts')).releaseShow,
    ),
    command(
      'sign',
      'sign a draft after reading what it changes',
      async () => (await import('../commands/release-sign.ts')).releaseSign,
    ),
    command(
      'merge',
      'join the signatures of copies of one draft',
      async () => (await import('../commands/release-merge.ts')).releaseMerge,
    ),
    command(
      'submit',
      'hand a signed draft to a node',
      async () => (await import('../commands/release-submit.ts')).releaseSubmit,
    ),
    command(
      'history',
      'list the releases of a bundle',
      async () => (await import('../commands/release-history.ts')).releaseHistory,
    ),
    command(
      'rollback',
      'draft a release with the content of an earlier one',
      async () => (await import('../commands/release-rollback.ts')).releaseRollback,
    ),
    command(
      'plan-change',
      'announce in a draft what will change and when',
      async () => (await import('../commands/release-plan-change.ts')).releasePlanChange,
    ),
  ]),
  ROLLOUT_COMMANDS,
  ROTATE_COMMAND,
  PROPOSAL_COMMANDS,
  group('bundle', 'read bundles, verified from the pin down', [
    command(
      'list',
      'list the bundles of a realm',
      async () => (await import('../commands/bundle-list.ts')).bundleList,
    ),
    command(
      'show',
      'show the anchors of a bundle',
      async () => (await import('../commands/bundle-show.ts')).bundleShow,
    ),
    command(
      'diff',
      'show what changed between two releases',
      async () => (await import('../commands/bundle-diff.ts')).bundleDiff,
    ),
    command(
      'export',
      'write the trusted anchors as PEM or JSON',
      async () => (await import('../commands/bundle-export.ts')).bundleExport,
    ),
  ]),
  command(
    'watch',
    'print verified changes as they happen',
    async () => (await import('../commands/watch.ts')).watch,
  ),
  group('node', 'run a node and ask how it is', [
    command(
      'init',
      'write a sample configuration with comments',
      async () => (await import('../commands/node-init.ts')).nodeInit,
    ),
    command(
      'run',
      'run a node in the foreground',
      async () => (await import('../commands/node-run.ts')).nodeRun,
    ),
    command(
      'config',
      'print the effective configuration',
      async () => (await import('../commands/node-config.ts')).nodeConfig,
    ),
    command(
      'status',
      'show streams, links and adoption of a node',
      async () => (await import('../commands/node-status.ts')).nodeStatus,
    ),
  ]),
  command(
    'cluster',
    'show whether all nodes are alive and hold the same',
    async () => (await import('../commands/cluster.ts')).cluster,
  ),
  command(
    'adoption',
    'show who runs what, which anchors are in use, and whether one can go',
    async () => (await import('../commands/adoption.ts')).adoption,
  ),
  command(
    'rehearse',
    'run a runbook against a cluster that is thrown away, and report times',
    async () => (await import('../commands/rehearse.ts')).rehearseCommand,
  ),
  command(
    'doctor',
    'check a host for a node, and say what to change',
    async () => (await import('../commands/doctor.ts')).doctor,
  ),
  group('peer', 'certificates for nodes, clients and admins in a first deployment', [
    command(
      'ca',
      'make a CA for the connections of a deployment',
      async () => (await import('../commands/peer-ca.ts')).peerCa,
    ),
    command(
      'issue',
      'issue a certificate with a SPIFFE ID from that CA',
      async () => (await import('../commands/peer-issue.ts')).peerIssue,
    ),
  ]),
];
