export { fixtureFeatures, fixtureRows, type Row, summaryOf } from './fixture.ts';
export { bandRows, learnableRows, noiseRows, randomOf } from './made-rows.ts';
export { sidesOf } from './sides.ts';
export { openTrainer, type Trainer } from './trainer.ts';
