import { describeConformance } from './driver.ts';
import { adminKind } from './subjects/admin.ts';

describeConformance(adminKind);
