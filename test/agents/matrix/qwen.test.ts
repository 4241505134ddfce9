import { drive } from './drive.ts';

drive('qwen');
