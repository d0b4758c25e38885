//! What has to go and what has to stay, as a city's hotline, grid workers and desks write it. One more way of writing is one
//! more row.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use super::mask;

/// The worst that a text of full length may take, so that nobody who waits for it feels it: 20 ms, and twice that as tests are
/// compiled.
const TAKES_MAX: Duration = Duration::from_millis(if cfg!(debug_assertions) { 40 } else { 20 });
/// Characters of a text at most, as intake takes them.
const LENGTH_MAX: usize = 20_000;

/// What is written, and what of it is recorded.
const GOES: &[(&str, &str)] = &[
    // Mobiles.
    ("我的电话是13871234567", "我的电话是[telephone]"),
    ("手机138-7123-4567，晚上在家", "手机[telephone]，晚上在家"),
    ("（138）71234567", "[telephone]"),
    ("手机号：138 7123 4567", "手机号：[telephone]"),
    ("１３８７１２３４５６７", "[telephone]"),
    ("１３８－７１２３－４５６７", "[telephone]"),
    ("一三八七一二三四五六七", "[telephone]"),
    ("幺三八七幺二三四五六七", "[telephone]"),
    ("幺三八拐幺两三四五六拐", "[telephone]"),
    ("幺三八洞洞幺三八洞洞勾", "[telephone]"),
    ("壹叁捌柒壹贰叁肆伍陆柒", "[telephone]"),
    ("壹参捌柒壹贰参肆伍陆柒", "[telephone]"),
    ("138七一二三4567", "[telephone]"),
    ("一三八，七一二三，四五六七", "[telephone]"),
    ("138\u{202f}7123\u{202f}4567", "[telephone]"),
    ("138\u{200b}7123\u{2060}4567", "[telephone]"),
    ("138\u{202d}7123\u{202c}4567", "[telephone]"),
    ("138\u{2028}7123\u{2028}4567", "[telephone]"),
    ("138\u{3164}7123\u{3164}4567", "[telephone]"),
    ("138#7123#4567", "[telephone]"),
    ("138:7123:4567", "[telephone]"),
    ("138“7123”4567", "[telephone]"),
    ("138【7123】4567", "[telephone]"),
    ("138<7123>4567", "[telephone]"),
    ("138。7123。4567", "[telephone]"),
    ("１３８．７１２３．４５６７", "[telephone]"),
    ("1-3-8-7-1-2-3-4-5-6-7", "[telephone]"),
    ("138O0138OOO", "[telephone]"),
    ("138712345l7", "[telephone]"),
    ("13871234567/13971234567均可", "[telephone]/[telephone]均可"),
    ("13871234567（微信同号）", "[telephone]（微信同号）"),
    ("tel:+86-138-7123-4567", "tel:[telephone]"),
    ("联系人陈13871234567转告", "联系人陈[telephone]转告"),
    ("虚拟号17012345678", "虚拟号[telephone]"),
    // Lines.
    ("(027)87123456", "[telephone]"),
    ("027 8712 3456", "[telephone]"),
    ("０２７－８７１２３４５６", "[telephone]"),
    ("零二七，八七一二三四五六", "[telephone]"),
    ("家里电话87123456", "家里电话[telephone]"),
    ("来电号码 8712-3456", "来电号码 [telephone]"),
    ("电话：8712 3456转8012", "电话：[telephone]"),
    ("+86 27 8712 3456", "[telephone]"),
    ("0710-3123456", "[telephone]"),
    // From elsewhere.
    ("香港电话+852 9123 4567", "香港电话[telephone]"),
    ("+853-6612-3456", "[telephone]"),
    ("+886 912 345 678", "[telephone]"),
    ("+1 (415) 555-0132", "[telephone]"),
    ("00852-91234567", "[telephone]"),
    ("＋４４ ２０ ７９４６ ００００", "[telephone]"),
    // Identity numbers.
    ("身份证号420106198506121239", "身份证号[identity number]"),
    ("本人420106198506121239举报", "本人[identity number]举报"),
    ("４２０１０６１９８５０６１２１２３９", "[identity number]"),
    ("420106 1985 0612 1239", "[identity number]"),
    ("420106-19850612-1239", "[identity number]"),
    ("420106【19850612】1239", "[identity number]"),
    ("四二〇一〇六一九八五〇六一二一二三九", "[identity number]"),
    ("肆贰零壹零陆壹玖捌伍零陆壹贰壹贰叁玖", "[identity number]"),
    ("42010619850612005X", "[identity number]"),
    ("42010619850612005x", "[identity number]"),
    ("42010619850612005 Ｘ", "[identity number]"),
    ("四二零一零六一九八五零六一二零零五叉", "[identity number]"),
    ("孩子420106201908150010在读", "孩子[identity number]在读"),
    ("420106850612123", "[identity number]"),
    ("420106-850612-123", "[identity number]"),
    ("居住证810000198506120038", "居住证[identity number]"),
    ("外国人永久居留身份证942156199003071235", "外国人永久居留身份证[identity number]"),
    ("残疾人证42010619850612123942", "残疾人证[identity number]"),
    ("420106\u{feff}19850612\u{200d}1239", "[identity number]"),
    ("A123456(3)", "[identity number]"),
    ("港人Z683365（A）", "港人[identity number]"),
    ("澳门身份证1234567(8)", "澳门身份证[identity number]"),
    ("澳门身份证5/123456/7", "澳门身份证[identity number]"),
    // Papers.
    ("护照E12345678", "护照[passport]"),
    ("护照EJ1234567", "护照[passport]"),
    ("护照ＥＪ１２３４５６７", "护照[passport]"),
    ("Passport No. 512345678", "Passport No. [passport]"),
    ("港澳通行证C12345678", "港澳通行证[passport]"),
    ("往来台湾通行证 L12345678", "往来台湾通行证 [passport]"),
    ("回乡证H1234567801", "回乡证[passport]"),
    ("台胞证号码01234567", "台胞证号码[passport]"),
    ("军官证南字第0123456号", "军官证南字第[identity number]号"),
    ("士兵证号1234567", "士兵证号[identity number]"),
    // Bank cards.
    ("6217002870001234564", "[bank card]"),
    ("卡号 6217 0028 7000 1234 564", "卡号 [bank card]"),
    ("建行6217-0028-7000-1234-564", "建行[bank card]"),
    ("６２１７００２８７０００１２３４５６４", "[bank card]"),
    ("六二一七零零二八七零零零一二三四五六四", "[bank card]"),
    ("农行账号622848005123456788", "农行账号[bank card]"),
    ("Visa 4111111111111111", "Visa [bank card]"),
    ("存折账号4201234567890123", "存折账号[bank card]"),
    // Plates.
    ("车牌鄂A12345", "车牌[plate]"),
    ("鄂Ａ１２３４５", "[plate]"),
    ("鄂A·12345", "[plate]"),
    ("鄂a-12345违停", "[plate]违停"),
    ("鄂A D12345", "[plate]"),
    ("绿牌鄂AF12345", "绿牌[plate]"),
    ("鄂A12345D", "[plate]"),
    ("警车鄂A1234警", "警车[plate]"),
    ("教练车鄂A1234学", "教练车[plate]"),
    ("挂车鄂A·1234挂", "挂车[plate]"),
    ("粤Z·1234港", "[plate]"),
    ("粤Z1234澳", "[plate]"),
    ("鄂A\u{200b}1\u{200b}2345", "[plate]"),
    ("鄂（A）12345", "[plate]"),
    ("【鄂A】12345", "[plate]"),
    ("鄂A一二三四五", "[plate]"),
    ("鄂A幺两三四五", "[plate]"),
    ("湖北A12345", "[plate]"),
    ("车牌 鄂 A 8 8 8 8 Z", "车牌 [plate]"),
    ("拖拉机号牌鄂01-12345", "拖拉机号牌[plate]"),
    ("鄂A12345临", "[plate]临"),
    // Mail, and names in chats.
    ("邮箱chen.wei@example.com", "邮箱[mail address]"),
    ("发到ｃｈｅｎ＠ｅｘａｍｐｌｅ．ｃｏｍ。", "发到[mail address]。"),
    ("13871234567@139.com", "[mail address]"),
    ("123456789@qq.com收", "[mail address]收"),
    ("chen_wei @ 163.com", "[mail address]"),
    ("chen(at)example.com", "[mail address]"),
    ("chen\u{200b}@example.com", "[mail address]"),
    ("微信chenwei_88", "微信[chat account]"),
    ("微信号：wxid_a1b2c3d4", "微信号：[chat account]"),
    ("加我微信 chenwei1985 细说", "加我微信 [chat account] 细说"),
    ("vx:chenwei88", "vx:[chat account]"),
    ("V信是chenwei88", "V信是[chat account]"),
    ("wechat: chenwei88", "wechat: [chat account]"),
    ("微信13871234567", "微信[telephone]"),
    ("QQ12345678", "QQ[chat account]"),
    ("QQ号：1234567890", "QQ号：[chat account]"),
    ("ＱＱ １２３４ ５６７８", "ＱＱ [chat account]"),
    ("扣扣一二三四五六七", "扣扣[chat account]"),
    ("企鹅号 12345678", "企鹅号 [chat account]"),
    ("QQ、微信号都是12345678", "QQ、微信号都是[chat account]"),
];

/// What is nobody's: as it is written, so it is recorded.
const STAYS: &[&str] = &[
    // Documents, cases, orders.
    "武粮综执整改〔2019〕0001号",
    "武粮综执整改〔２０１９〕０００１号",
    "鄂府发〔2019〕15号、武政规〔2018〕36号",
    "（2019）鄂01民初1234号",
    "(2019)鄂0106行初12345号",
    "见261121-7k3q9xf和190215-0000001",
    "工单编号20190215083015123456",
    "工单420106202611201230",
    "工单编号42010620261120123X",
    "编号4201062019000123，订单号4201062021000459",
    "订单号202611210000123，快递SF1234567890123",
    "注册号420106000123456",
    "统一社会信用代码91420100MA4KXY1234",
    "统一社会信用代码12420100441234567X",
    "发票代码042001900111，号码12345678",
    "区划代码420106012003",
    "商品条码6901234567892",
    "设备IMEI 356938035643809",
    "合同编号HT20190215001",
    "食品经营许可证JY14201060012345",
    "网格420106012003001",
    "宗地P(2019)138号",
    // Money, measures.
    "欠薪1380000元，违约金13800138000元",
    "合计¥13,800,138,000.00",
    "总投资13800138000.00元",
    "预算+13800138000元",
    "违建面积1234.56平方米、88881234平方厘米",
    "渣土13800立方米",
    "电表读数0027871234.5度",
    "水表12345678吨",
    "长13.8米、宽7.12米、高3.45米",
    "占比13.8%、71.2%、34.5%",
    "同比+12.5%",
    "噪声昼间60分贝、夜间50分贝",
    // Days, hours.
    "2019年2月15日8时30分",
    "2019-02-15 08:30:15",
    "2019/02/15，2019/03/15，2019/04/15",
    "2019.02.15-2019.03.15",
    "20190215至20190315",
    "二〇一九年二月十五日",
    "一九八五年六月十二日出生",
    "每天8:00、9:30、10:15、11:45、13:30发车",
    "8:30-11:30，14:00-17:30",
    "2019-02-15T08:30:15+08:00",
    "周一、二、三、四、五、六、七",
    // Places.
    "中山大道1380号13栋2单元1201室",
    "和平大道1380-1号，解放路138附7号",
    "2-1-1301、2-1-1302、2-1-1303",
    "邮编430070",
    "坐标114.316200,30.554300",
    "东经114.31620034，北纬30.55430012",
    "东经114°18′36″，北纬30°33′15″",
    "538路、13路、807路公交",
    "G4京港澳高速K1234+567",
    "灯杆编号WC0271380",
    "电话亭87123456号",
    "京港澳高速、沪渝高速、鄂A区",
    "3号线138号站台至7号口",
    "湖北A座12345",
    // Numbers that are for everybody.
    "已拨打12345、12328、12315、12369和110",
    "急救120，火警119，交警122",
    "供电95598，供水96510，燃气962777，银行95588",
    "移动10086、联通10010、电信10000",
    "热线400-820-8820、800-820-8820、4008208820",
    "电话027-12345",
    "拨027-110",
    "110/119/120/122",
    // Chats without a name.
    "微信公众号：武昌发布、小程序wuchang12345",
    "微信群有500人，微信支付1234567元",
    "微信转账500000元",
    "QQ群里说的，QQ音乐",
    "微信和QQ都发了",
    "微信公众号wuchang_fabu",
    "微信小程序jiangcheng",
    "微信App打不开",
    "微信Android版、微信iPhone版",
    "@武昌发布 请回复",
    "官网www.wuhan.gov.cn",
    "邮箱满了@所有人",
    // Others.
    "IP 192.168.100.101:8080",
    "版本1.38.7123",
    "共13户、8人、7栋、12层",
    "参加两会，勾选13项，拐角138米处",
    "一二三四五，上山打老虎",
    "投票13:8，得分7.1、2.3、4.5",
    "共享单车编号8001234567",
    "身份证、护照、驾驶证均可",
    "身份证复印件2份，电话138****4567",
    "13号、8号、7号、12号、34号、56号、7号楼",
    "电话两次，通话13分8秒",
    "[telephone]，[identity number]，[passport]，[bank card]，[plate]，[mail address]，[chat account]",
    "受理凭证dmVyeS1zZWNyZXQtcmVjZWlwdA",
    "MAC 00:1a:2b:3c:4d:5e",
    "校验9f86d081884c7d65",
];

#[test]
fn what_has_to_go_goes_and_what_is_around_it_stays() {
    let rows = GOES.iter().map(|(said, kept)| (said, mask(said).0, kept));
    let wrong: Vec<_> = rows.filter(|(_, is, kept)| is != *kept).collect();
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), GOES.len());
}

#[test]
fn what_is_nobodys_stays() {
    let rows = STAYS.iter().map(|said| (said, mask(said).0));
    let wrong: Vec<_> = rows.filter(|(said, is)| is != *said).collect();
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), STAYS.len());
}

#[test]
fn the_longest_text_of_the_worst_kind_takes_no_time() {
    let kinds = [
        "1",
        "1 ",
        "1-3",
        "13 8",
        "一",
        "一二 ",
        "138 0013 800 ",
        "13871234567",
        "420106 1990 ",
        "鄂A1",
        "鄂A12345",
        "鄂",
        "E1",
        "E12345678 ",
        "A123456(",
        "a@a.",
        "a.",
        "@",
        "a@b.cc ",
        "微信",
        "微信号",
        "qq1 ",
        "qq12345678 ",
        "电话 8712 ",
        "(",
        "]",
        "[telephone]",
        "身份证4",
        "护照1 2",
        "湖北",
        "2019-02-15 ",
        "138#",
        "1O",
        "一两",
        "62 17 ",
        "+86 ",
        "使0",
        "字第1",
        "一三八",
        "027 8555 ",
    ];
    let everything = GOES.iter().map(|(said, _)| *said).collect::<String>();
    let slow: Vec<_> = kinds
        .iter()
        .copied()
        .chain([everything.as_str()])
        .filter_map(|kind| {
            let text: String = kind.chars().cycle().take(LENGTH_MAX).collect();
            let once = || {
                let start = worked();
                assert!(!mask(&text).0.is_empty());
                worked() - start
            };
            // The quickest of several: memory and caches are others' as well.
            let took = (0..5).map(|_| once()).min().unwrap_or_default();
            (took > TAKES_MAX).then_some((kind, took))
        })
        .collect();
    assert!(slow.is_empty(), "{slow:#?}");
}

/// How long this thread has worked, which does not grow while others have the processor; without a kernel that says so, the
/// time that has passed.
fn worked() -> Duration {
    static SINCE: LazyLock<Instant> = LazyLock::new(Instant::now);
    let scheduled = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let on_processor = scheduled.as_deref().and_then(|scheduled| scheduled.split(' ').next()?.parse().ok());
    on_processor.map_or_else(|| SINCE.elapsed(), Duration::from_nanos)
}
