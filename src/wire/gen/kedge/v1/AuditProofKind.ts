// Original file: proto/kedge/v1/admin.proto

export const AuditProofKind = {
  AUDIT_PROOF_KIND_UNSPECIFIED: 'AUDIT_PROOF_KIND_UNSPECIFIED',
  AUDIT_PROOF_KIND_INCLUSION: 'AUDIT_PROOF_KIND_INCLUSION',
  AUDIT_PROOF_KIND_CONSISTENCY: 'AUDIT_PROOF_KIND_CONSISTENCY',
  AUDIT_PROOF_KIND_PEAKS: 'AUDIT_PROOF_KIND_PEAKS',
} as const;

export type AuditProofKindInput =
  | 'AUDIT_PROOF_KIND_UNSPECIFIED'
  | 0
  | 'AUDIT_PROOF_KIND_INCLUSION'
  | 1
  | 'AUDIT_PROOF_KIND_CONSISTENCY'
  | 2
  | 'AUDIT_PROOF_KIND_PEAKS'
  | 3

export type AuditProofKindOutput = typeof AuditProofKind[keyof typeof AuditProofKind]
