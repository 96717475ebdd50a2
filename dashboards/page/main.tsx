import './styles/page.css';
import { render } from 'preact';
import { whoAmI } from './state/session.ts';
import { App } from './ui/app.tsx';

render(<App />, document.getElementById('page')!);
void whoAmI();
