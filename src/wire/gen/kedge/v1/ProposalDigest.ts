// Original file: proto/kedge/v1/gossip.proto


export interface ProposalDigestInput {
  'root'?: (Buffer | Uint8Array | string);
}

export interface ProposalDigestOutput {
  'root': (Buffer);
}
