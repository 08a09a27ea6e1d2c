// Original file: proto/kedge/v1/admin.proto


export interface GetProposalRequestInput {
  'digest'?: (Buffer | Uint8Array | string);
}

export interface GetProposalRequestOutput {
  'digest': (Buffer);
}
