// Original file: proto/kedge/v1/gossip.proto


export interface CosignedAskInput {
  'streams'?: (string)[];
  'regions'?: (string)[];
}

export interface CosignedAskOutput {
  'streams': (string)[];
  'regions': (string)[];
}
