import { describeConformance } from './driver.ts';
import { peerKind } from './subjects/peer.ts';

describeConformance(peerKind);
