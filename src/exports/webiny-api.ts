// An extension of the gateway: the API of Webiny's background tasks.
export { backgroundTasks } from '../api/webiny/background-tasks.ts';
