// Original file: proto/kedge/v1/gossip.proto


export interface ProposalVersionInput {
  'digest'?: (Buffer | Uint8Array | string);
  'signatures'?: (Buffer | Uint8Array | string);
}

export interface ProposalVersionOutput {
  'digest': (Buffer);
  'signatures': (Buffer);
}
