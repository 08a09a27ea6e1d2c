// Original file: proto/kedge/v1/admin.proto


export interface GetAuditProofResponseInput {
  'hashes'?: (Buffer | Uint8Array | string)[];
}

export interface GetAuditProofResponseOutput {
  'hashes': (Buffer)[];
}
