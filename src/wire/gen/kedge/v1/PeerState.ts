// Original file: proto/kedge/v1/admin.proto

export const PeerState = {
  PEER_STATE_UNSPECIFIED: 'PEER_STATE_UNSPECIFIED',
  PEER_STATE_ALIVE: 'PEER_STATE_ALIVE',
  PEER_STATE_SUSPECT: 'PEER_STATE_SUSPECT',
  PEER_STATE_FAILED: 'PEER_STATE_FAILED',
  PEER_STATE_LEFT: 'PEER_STATE_LEFT',
} as const;

export type PeerStateInput =
  | 'PEER_STATE_UNSPECIFIED'
  | 0
  | 'PEER_STATE_ALIVE'
  | 1
  | 'PEER_STATE_SUSPECT'
  | 2
  | 'PEER_STATE_FAILED'
  | 3
  | 'PEER_STATE_LEFT'
  | 4

export type PeerStateOutput = typeof PeerState[keyof typeof PeerState]
