import { render } from 'preact';
import { App } from './shell/app.tsx';
import { start } from './state/start.ts';
import './style/tokens.css';
import './style/base.css';
import './style/shell.css';

start();
render(<App />, document.querySelector('#app') as HTMLElement);
