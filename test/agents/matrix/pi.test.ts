import { drive } from './drive.ts';

drive('pi');
