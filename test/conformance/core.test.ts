import { describeConformance } from './driver.ts';
import { coreKind } from './subjects/core.ts';

describeConformance(coreKind);
