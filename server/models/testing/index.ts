export { fixtureFeatures, fixtureRows, type Row, summaryOf } from './fixture.ts';
export { learnableRows, noiseRows, randomOf } from './made-rows.ts';
export { openTrainer, type Trainer } from './trainer.ts';
