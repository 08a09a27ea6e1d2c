// Original file: proto/kedge/v1/gossip.proto


export interface CosignedAskInput {
  'streams'?: (string)[];
}

export interface CosignedAskOutput {
  'streams': (string)[];
}
