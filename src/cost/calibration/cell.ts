export type { Cell, CellKey, Residual, Score } from '../../catalogue/cell.ts';
