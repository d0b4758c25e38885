use super::mask;

#[test]
fn numbers_that_name_a_person_are_masked() {
    for (said, kept) in [
        ("请打13812345678找我", "请打[telephone]找我"),
        ("+86 138-1234-5678。", "[telephone]。"),
        ("138 1234 5678 / 138 12 34 56 78", "[telephone] / [telephone]"),
        ("联系人一13812345678", "联系人一[telephone]"),
        ("我的号码是１３８１２３４５６７８，谢谢", "我的号码是[telephone]，谢谢"),
        ("我的号码是一三八一二三四五六七八，谢谢", "我的号码是[telephone]，谢谢"),
        ("幺三八零零零零零壹贰叁", "[telephone]"),
        ("座机027-88881234", "座机[telephone]"),
        ("座机（027）88881234转801", "座机[telephone]"),
        ("座机 027 8888 1234", "座机 [telephone]"),
        ("座机02788881234或0719–8123456", "座机[telephone]或[telephone]"),
        ("办公电话：88881234", "办公电话：[telephone]"),
        ("身份证420106199001011231，", "身份证[identity number]，"),
        ("42010619900101001X", "[identity number]"),
        ("420106 19900101 1231", "[identity number]"),
        ("身份证号420106199001011234", "身份证号[identity number]"),
        ("他是420106199001011234", "他是[identity number]"),
        ("老证420106900101123", "老证[identity number]"),
        ("护照E12345678，EA1234567", "护照[passport]，[passport]"),
        ("通行证号：H1234567", "通行证号：[passport]"),
        ("卡号6222 0212 3456 7890 128", "卡号[bank card]"),
        ("车牌鄂A12345挡路", "车牌[plate]挡路"),
        ("车牌 鄂 A 12345", "车牌 [plate]"),
        ("绿牌鄂A·D12345，鄂ad12345", "绿牌[plate]，[plate]"),
    ] {
        assert_eq!(mask(said).0, kept, "{said}");
    }
}

#[test]
fn other_numbers_stay() {
    for said in [
        "中山路308号，2019年2月21日15时，欠费1234567元",
        "单号 202611210000123",
        "订单1380000012399，工单420106202611201230",
        "并入261121-7k3q9xf",
        "和平大道1380号15栋2单元0801室",
        "2026-11-21 09:15:00，15000000000000元",
        "四月十五日至二〇二六年十一月，一二三四五六号楼",
        "12345热线、110、119、96580",
        "面积88881234平方毫米",
        "编号B12345678901，型号HE12345678",
        "苏A区停车，云A座，新B栋ABCDE",
    ] {
        assert_eq!(mask(said), (said.to_owned(), 0), "{said}");
    }
}

#[test]
fn masking_twice_is_masking_once() {
    let once = mask("13812345678 13812345679 鄂A12345 电话88881234").0;
    assert_eq!(mask(&once), (once, 0));
}
