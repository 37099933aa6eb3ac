import { messages } from '../../text/messages.ts';

export const mapText = messages(
  {
    map: 'map',
    about: (machine: string, selected: string | undefined) =>
      `Map of ${machine}. Arrows go from part to part, Page Up and Page Down out and in, plus and minus zoom, Enter goes closer.${selected === undefined ? '' : ` Selected: ${selected}.`}`,
    closer: 'Zoom in',
    farther: 'Zoom out',
    whole: 'Show all',
    colour: 'Colour by',
    modes: { load: 'Load', role: 'Role', memory: 'KV memory', links: 'Link load', faults: 'Faults' },
    meaning: {
      load: 'the fuller, the stronger',
      role: '',
      memory: 'share of KV blocks in use',
      links: 'share of the time that dies exchange, or of the rate that KV takes',
      faults: 'red stands still, amber starts anew',
    },
    most: (share: string) => `strongest: ${share}`,
    find: 'Go to part',
    findHint: (chip: string) => `${chip} 7, die 4, node 0 …`,
    unknown: (name: string) => `No part "${name}" here`,
    legend: { prefill: 'prefill', decode: 'decode', merged: 'prefill and decode', cache: 'cache', spare: 'not used', struck: 'failed or slow' },
  },
  {
    map: '地图',
    about: (machine: string, selected: string | undefined) =>
      `${machine} 的地图。方向键在部件间移动，Page Up 与 Page Down 向外和向内，加减号缩放，回车靠近。${selected === undefined ? '' : `已选中：${selected}。`}`,
    closer: '放大',
    farther: '缩小',
    whole: '显示全部',
    colour: '着色',
    modes: { load: '负载', role: '角色', memory: 'KV 内存', links: '链路负载', faults: '故障' },
    meaning: {
      load: '越满颜色越深',
      role: '',
      memory: '已用 KV 块的比例',
      links: '片间通信的时间比例，或 KV 占速率的比例，取较大者',
      faults: '红色停滞，琥珀色重新启动',
    },
    most: (share: string) => `最深：${share}`,
    find: '转到部件',
    findHint: (chip: string) => `${chip} 7、die 4、node 0 …`,
    unknown: (name: string) => `这里没有部件“${name}”`,
    legend: { prefill: '预填充', decode: '解码', merged: '预填充与解码', cache: '缓存', spare: '未使用', struck: '故障或变慢' },
  },
);
