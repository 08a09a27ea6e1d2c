import { describeConformance } from './driver.ts';
import { clientKind } from './subjects/client.ts';

describeConformance(clientKind);
