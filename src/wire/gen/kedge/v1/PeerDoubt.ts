// Original file: proto/kedge/v1/admin.proto

export const PeerDoubt = {
  PEER_DOUBT_UNSPECIFIED: 'PEER_DOUBT_UNSPECIFIED',
  PEER_DOUBT_UNPROVEN: 'PEER_DOUBT_UNPROVEN',
  PEER_DOUBT_TOO_FAR: 'PEER_DOUBT_TOO_FAR',
  PEER_DOUBT_TOO_NEAR: 'PEER_DOUBT_TOO_NEAR',
} as const;

export type PeerDoubtInput =
  | 'PEER_DOUBT_UNSPECIFIED'
  | 0
  | 'PEER_DOUBT_UNPROVEN'
  | 1
  | 'PEER_DOUBT_TOO_FAR'
  | 2
  | 'PEER_DOUBT_TOO_NEAR'
  | 3

export type PeerDoubtOutput = typeof PeerDoubt[keyof typeof PeerDoubt]
